run "two_addresses" {
  command = plan

  variables {
    network = "127.77.12"
  }

  assert {
    condition     = output.external_ip_0 == "127.77.12.11" && output.external_ip_1 == "127.77.12.12"
    error_message = "blue is .11 and green is .12"
  }
}

run "another_network_is_refused" {
  command = plan

  variables {
    network = "10.0.0"
  }

  expect_failures = [var.network]
}

run "the_loopback_of_everybody_is_refused" {
  command = plan

  variables {
    network = "127.0.0"
  }

  expect_failures = [var.network]
}
