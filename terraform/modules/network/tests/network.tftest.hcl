mock_provider "google" {}
mock_provider "random" {}

mock_provider "cloudflare" {
  mock_data "cloudflare_ip_ranges" {
    defaults = {
      ipv4_cidrs = ["173.245.48.0/20", "104.16.0.0/13", "172.64.0.0/13"]
    }
  }
}

variables {
  name         = "shop-pro"
  required_ips = 2
  subnet_cidr  = "10.20.0.0/24"
  firewall     = { health_check_source_ranges = ["198.51.100.7/32"] }
}

run "two_colors" {
  assert {
    condition     = length(google_compute_address.fixed) == 2 && alltrue([for one in google_compute_address.fixed : one.address_type == "EXTERNAL"])
    error_message = "two external addresses are reserved"
  }

  assert {
    condition     = output.external_ip_0 == google_compute_address.fixed[0].address && output.external_ip_1 == google_compute_address.fixed[1].address && output.external_ip_2 == "127.0.0.1"
    error_message = "the outputs are the addresses in order, and 127.0.0.1 for one that is not reserved"
  }

  assert {
    condition     = length(random_string.name) == 3 && alltrue([for one in random_string.name : one.length == 4 && !one.upper && !one.special])
    error_message = "names end in 4 lower-case letters and digits"
  }

  assert {
    condition     = alltrue([for index, one in google_compute_address.fixed : one.name == "fixed-external-ip-${random_string.name[index].result}"])
    error_message = "addresses are called fixed-external-ip-<random>"
  }
}

# Both rules, whole: what is let in, from where, and to whom.
run "open_to_the_cdn_and_the_checks_and_nobody_else" {
  assert {
    condition = toset(flatten([for rule in concat(google_compute_firewall.cdn, google_compute_firewall.check) : tolist(rule.source_ranges)])) == toset(
      concat(data.cloudflare_ip_ranges.published[0].ipv4_cidrs, ["198.51.100.7/32"])
    )
    error_message = "the sources are Cloudflare's published ranges and health_check_source_ranges, nothing else"
  }

  assert {
    condition     = !anytrue([for range in concat(tolist(google_compute_firewall.cdn[0].source_ranges), tolist(google_compute_firewall.check[0].source_ranges)) : endswith(range, "/0")])
    error_message = "never open to everybody"
  }

  assert {
    condition     = alltrue([for rule in concat(google_compute_firewall.cdn, google_compute_firewall.check) : one(rule.allow).protocol == "tcp" && one(rule.allow).ports == tolist(["80", "443"])])
    error_message = "only TCP 80 and 443"
  }

  assert {
    condition     = alltrue([for rule in concat(google_compute_firewall.cdn, google_compute_firewall.check) : rule.target_tags == toset(output.tags) && rule.source_tags == null && rule.source_service_accounts == null])
    error_message = "only to servers with the tag, and from no tag or account"
  }

  assert {
    condition     = alltrue([for rule in concat(google_compute_firewall.cdn, google_compute_firewall.check) : rule.network == google_compute_network.vpc[0].id])
    error_message = "in the VPC made here"
  }
}

run "nobody_checks_directly" {
  command = plan

  variables {
    firewall = {}
  }

  assert {
    condition     = length(google_compute_firewall.check) == 0 && length(google_compute_firewall.cdn) == 1
    error_message = "a rule without sources would let everybody in: none is made"
  }
}

run "no_firewall_when_asked_for" {
  command = plan

  variables {
    firewall = null
  }

  assert {
    condition     = length(google_compute_firewall.cdn) + length(google_compute_firewall.check) == 0 && length(output.tags) == 0
    error_message = "null makes no rule"
  }
}

run "a_present_network" {
  command = plan

  variables {
    subnet_cidr = null
    network     = "shared"
  }

  assert {
    condition     = length(google_compute_network.vpc) == 0 && output.subnetwork == null && google_compute_firewall.cdn[0].network == "shared"
    error_message = "the firewall is for the network that is there"
  }
}

run "one_by_default" {
  command = plan

  variables {
    required_ips = null
  }

  assert {
    condition     = length(google_compute_address.fixed) == 1 && output.external_ip_1 == "127.0.0.1"
    error_message = "one address is the default"
  }
}

run "four_are_refused" {
  command = plan

  variables {
    required_ips = 4
  }

  expect_failures = [var.required_ips]
}

run "three" {
  variables {
    required_ips = 3
  }

  assert {
    condition     = output.external_ip_2 != "127.0.0.1"
    error_message = "the third address is reserved"
  }
}

run "everybody_is_refused" {
  command = plan

  variables {
    firewall = { health_check_source_ranges = ["0.0.0.0/0"] }
  }

  expect_failures = [var.firewall]
}

run "everybody_in_ipv6_is_refused" {
  command = plan

  variables {
    firewall = { health_check_source_ranges = ["::/0"] }
  }

  expect_failures = [var.firewall]
}

run "everybody_in_halves_is_refused" {
  command = plan

  variables {
    firewall = { health_check_source_ranges = ["0.0.0.0/1", "128.0.0.0/1"] }
  }

  expect_failures = [var.firewall]
}

run "all_ports_are_refused" {
  command = plan

  variables {
    firewall = { ports = ["0-65535"] }
  }

  expect_failures = [var.firewall]
}

run "no_port_is_every_port_and_refused" {
  command = plan

  variables {
    firewall = { ports = [] }
  }

  expect_failures = [var.firewall]
}

run "an_empty_list_is_not_believed" {
  command = plan

  override_data {
    target = data.cloudflare_ip_ranges.published
    values = { ipv4_cidrs = [] }
  }

  expect_failures = [data.cloudflare_ip_ranges.published[0]]
}

run "a_list_with_everybody_in_it_is_not_believed" {
  command = plan

  override_data {
    target = data.cloudflare_ip_ranges.published
    values = { ipv4_cidrs = ["173.245.48.0/20", "0.0.0.0/0"] }
  }

  expect_failures = [data.cloudflare_ip_ranges.published[0]]
}
