variables {
  zone          = "shop.test"
  addresses     = { blue = "127.77.12.11", green = "127.77.12.12" }
  server_active = "blue"
}

run "first" {
  assert {
    condition     = terraform_data.root.input.content == "127.77.12.11" && terraform_data.root.input.proxied
    error_message = "the public record is proxied and names blue"
  }

  assert {
    condition     = !terraform_data.backend_blue.input.proxied && terraform_data.backend_green.input.content == "127.77.12.12"
    error_message = "each backend record names its own color and is not proxied"
  }

  assert {
    condition     = output.backend_green_access == "backend-green-access.shop.test" && keys(output.record_ids) == ["shop.test"]
    error_message = "outputs are names; record_ids has the public one"
  }
}

run "a_switch_changes_one_content" {
  variables {
    server_active = "green"
  }

  assert {
    condition     = terraform_data.root.input.content == "127.77.12.12"
    error_message = "the public record names green"
  }

  assert {
    condition     = terraform_data.backend_blue.input.content == "127.77.12.11"
    error_message = "the backend records stay as they are"
  }
}

run "two_colors_only" {
  command = plan

  variables {
    server_active = "red"
  }

  expect_failures = [var.server_active]
}
