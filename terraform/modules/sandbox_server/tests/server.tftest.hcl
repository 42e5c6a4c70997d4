variables {
  color       = "blue"
  address     = "127.77.12.11"
  environment = "demo"
  server      = { release = "1.4.2", size = "small" }
}

run "input_is_what_the_daemon_reads" {
  command = plan

  assert {
    condition = terraform_data.server.input == {
      sandbox = "server", color = "blue", address = "127.77.12.11", release = "1.4.2", running = true, environment = "demo", size = "small"
    }
    error_message = "the input has the color's object and where it runs"
  }
}

run "stopped" {
  command = plan

  variables {
    server = { release = "1.4.2", running = false }
  }

  assert {
    condition     = terraform_data.server.input.running == false
    error_message = "running = false reaches the daemon"
  }
}

run "the_object_cannot_pose_as_another_color" {
  command = plan

  variables {
    server = { release = "1.4.2", color = "green", address = "127.77.12.12" }
  }

  assert {
    condition     = terraform_data.server.input.color == "blue" && terraform_data.server.input.address == "127.77.12.11"
    error_message = "color and address are the module's"
  }
}

run "a_release_is_needed" {
  command = plan

  variables {
    server = { release = "" }
  }

  expect_failures = [var.server]
}

run "running_is_a_bool" {
  command = plan

  variables {
    server = { release = "1.4.2", running = "perhaps" }
  }

  expect_failures = [var.server]
}

run "two_colors_only" {
  command = plan

  variables {
    color = "red"
  }

  expect_failures = [var.color]
}

run "loopback_only" {
  command = plan

  variables {
    address = "10.0.0.1"
  }

  expect_failures = [var.address]
}
