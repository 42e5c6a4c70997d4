mock_provider "cloudflare" {
  mock_resource "cloudflare_zone" {
    defaults = {
      id = "00000000000000000000000000000002"
    }
  }
}

variables {
  cf_cdn = { zone_name = "example.com", zone_id = "0123456789abcdef0123456789abcdef", hostnames = ["@", "www"] }
  prod_enabled = {
    env_name      = "pro"
    blue_svr      = true
    blue_svr_ip   = "203.0.113.10"
    green_svr     = true
    green_svr_ip  = "203.0.113.11"
    server_active = "blue"
  }
}

run "on_blue" {
  assert {
    condition     = keys(cloudflare_dns_record.root) == ["example.com", "www.example.com"] && output.public_hostnames == ["example.com", "www.example.com"] && output.root == "example.com"
    error_message = "a record for each public hostname"
  }

  assert {
    condition     = alltrue([for one in cloudflare_dns_record.root : one.type == "A" && one.proxied && one.ttl == 1 && one.content == "203.0.113.10"])
    error_message = "public records are A, proxied, and point at the active color"
  }

  assert {
    condition     = cloudflare_dns_record.backend_blue_access[0].name == "backend-blue-access.pro.example.com" && output.backend_green_access == "backend-green-access.pro.example.com"
    error_message = "a color's name is below the environment"
  }

  assert {
    condition     = cloudflare_dns_record.backend_green_access[0].content == "203.0.113.11" && !cloudflare_dns_record.backend_blue_access[0].proxied && cloudflare_dns_record.backend_blue_access[0].ttl == 60
    error_message = "a color's record names its own address, whoever is active"
  }

  assert {
    condition     = cloudflare_zone_setting.tls[0].setting_id == "ssl" && cloudflare_zone_setting.tls[0].value == "strict"
    error_message = "TLS to the servers is Full (strict)"
  }

  assert {
    condition     = length(cloudflare_origin_ca_certificate.origin) + length(cloudflare_authenticated_origin_pulls_settings.pulls) + length(cloudflare_ruleset.cache) + length(cloudflare_ruleset.probes) + length(cloudflare_dns_record.check) == 0
    error_message = "everything else is asked for"
  }

  assert {
    condition     = keys(output.record_ids) == ["example.com", "www.example.com"] && output.zone_id == "0123456789abcdef0123456789abcdef" && output.origin_certificate == null
    error_message = "outputs say what bluegreen needs"
  }
}

# That this plan is one update in place for each public hostname, of content alone, is held by
# tests/integration/test_cloud_modules.py, which reads its actions.
run "a_switch" {
  command = plan

  variables {
    prod_enabled = {
      env_name = "pro", blue_svr = true, blue_svr_ip = "203.0.113.10", green_svr = true, green_svr_ip = "203.0.113.11", server_active = "green"
    }
  }

  assert {
    condition     = alltrue([for one in cloudflare_dns_record.root : one.content == "203.0.113.11"])
    error_message = "the public records point at green"
  }

  assert {
    condition     = cloudflare_dns_record.backend_blue_access[0].content == "203.0.113.10" && cloudflare_dns_record.backend_green_access[0].content == "203.0.113.11"
    error_message = "the colors' own records stay as they are"
  }
}

run "a_color_without_a_server_keeps_its_name" {
  command = plan

  variables {
    prod_enabled = {
      env_name = "pro", blue_svr = true, blue_svr_ip = "203.0.113.10", green_svr = false, green_svr_ip = "203.0.113.11", server_active = "blue"
    }
  }

  assert {
    condition     = cloudflare_dns_record.backend_green_access[0].content == "203.0.113.11"
    error_message = "the address is reserved, so the name stays"
  }
}

run "an_address_that_is_not_reserved" {
  command = plan

  variables {
    prod_enabled = {
      env_name = "pro", blue_svr = true, blue_svr_ip = "203.0.113.10", green_svr = true, green_svr_ip = "127.0.0.1", server_active = "blue"
    }
  }

  expect_failures = [var.prod_enabled]
}

run "a_color_without_address_or_server" {
  command = plan

  variables {
    prod_enabled = {
      env_name = "pro", blue_svr = true, blue_svr_ip = "203.0.113.10", green_svr = false, green_svr_ip = "127.0.0.1", server_active = "blue"
    }
  }
}

run "the_public_at_an_address_that_is_not_reserved" {
  command = plan

  variables {
    prod_enabled = {
      env_name = "pro", blue_svr = true, blue_svr_ip = "203.0.113.10", green_svr = false, green_svr_ip = "127.0.0.1", server_active = "green"
    }
  }

  expect_failures = [cloudflare_dns_record.root]
}

run "before_there_are_servers" {
  command = plan

  variables {
    prod_enabled = {
      env_name = "pro", ip = "203.0.113.12", blue_svr = false, blue_svr_ip = "203.0.113.10", green_svr = false, green_svr_ip = "203.0.113.11", server_active = "blue"
    }
  }

  assert {
    condition     = cloudflare_dns_record.root["example.com"].content == "203.0.113.12"
    error_message = "as long as neither color has a server, the public goes to ip"
  }
}

run "off" {
  command = plan

  variables {
    prod_enabled = {
      on = false, env_name = "pro", blue_svr = false, blue_svr_ip = "203.0.113.10", green_svr = false, green_svr_ip = "203.0.113.11", server_active = "blue"
    }
  }

  assert {
    condition     = length(cloudflare_dns_record.root) + length(cloudflare_dns_record.backend_blue_access) + length(cloudflare_dns_record.backend_green_access) == 0
    error_message = "off has no records"
  }
}

run "the_active_color_hidden" {
  command = plan

  variables {
    cf_cdn = { zone_name = "example.com", zone_id = "0123456789abcdef0123456789abcdef", hostnames = ["@"], active_access = "proxied" }
  }

  assert {
    condition     = cloudflare_dns_record.backend_blue_access[0].type == "A" && cloudflare_dns_record.backend_blue_access[0].proxied && cloudflare_dns_record.backend_blue_access[0].ttl == 1
    error_message = "the active color's own name is proxied, and keeps its type"
  }

  assert {
    condition     = !cloudflare_dns_record.backend_green_access[0].proxied && cloudflare_dns_record.backend_green_access[0].ttl == 60
    error_message = "the idle one's is not"
  }
}

run "an_environment_of_a_shared_zone" {
  command = plan

  variables {
    cf_cdn     = { zone_name = "example.com", zone_id = "fedcba9876543210fedcba9876543210" }
    tls_strict = false
  }

  assert {
    condition     = output.root == "pro.example.com" && length(data.cloudflare_zones.zone) == 0 && cloudflare_dns_record.root["pro.example.com"].zone_id == "fedcba9876543210fedcba9876543210"
    error_message = "the environment's own name, and no look-up when the id is given"
  }

  assert {
    condition     = length(cloudflare_zone_setting.tls) == 0
    error_message = "another environment has the zone's settings"
  }
}

run "a_new_zone" {
  command = plan

  variables {
    cf_cdn        = { zone_name = "example.net", new_zone = true, account_id = "00000000000000000000000000000001" }
    check_records = true
    probe_header  = "x-probe-secret"
    probe_secret  = "0123456789abcdef0123"
  }

  assert {
    condition     = cloudflare_zone.zone[0].name == "example.net" && length(data.cloudflare_zones.zone) == 0
    error_message = "the zone is made"
  }

  assert {
    condition     = output.root == "example.net" && output.backend_blue_access == "backend-blue-access.example.net" && output.check_hostnames.blue == "check-blue.example.net"
    error_message = "names are below the zone itself"
  }
}

# A look-up finds nothing here: simulated lists are empty. That it finds a zone is held by the local sandbox's runs.
run "a_zone_that_nobody_knows" {
  command = plan

  variables {
    cf_cdn = { zone_name = "example.com", hostnames = ["@"] }
  }

  expect_failures = [data.cloudflare_zones.zone]
}

run "a_new_zone_needs_an_account" {
  command = plan

  variables {
    cf_cdn = { zone_name = "example.net", new_zone = true }
  }

  expect_failures = [var.cf_cdn]
}

run "all_that_can_be_asked_for" {
  command = plan

  variables {
    origin_csr                 = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"
    authenticated_origin_pulls = true
    probe_path                 = "/healthz"
    probe_header               = "x-probe-secret"
    probe_secret               = "0123456789abcdef0123"
    check_records              = true
  }

  assert {
    condition     = cloudflare_origin_ca_certificate.origin[0].hostnames == tolist(["*.example.com", "*.pro.example.com", "example.com", "www.example.com"])
    error_message = "the certificate is for the public names, *.<zone> and *.<env>.<zone>"
  }

  assert {
    condition     = cloudflare_authenticated_origin_pulls_settings.pulls[0].enabled
    error_message = "Cloudflare shows its certificate"
  }

  assert {
    condition = (
      cloudflare_ruleset.cache[0].phase == "http_request_cache_settings" &&
      cloudflare_ruleset.cache[0].rules[0].action_parameters.cache == false &&
      strcontains(cloudflare_ruleset.cache[0].rules[0].expression, "http.request.uri.path eq \"/healthz\" and http.host in {\"example.com\" \"www.example.com\" ")
    )
    error_message = "the probe's path is never cached"
  }

  assert {
    condition     = [for rule in cloudflare_ruleset.probes[0].rules : rule.action] == ["block", "skip"]
    error_message = "the check names are closed, and probes are let through"
  }

  assert {
    condition     = nonsensitive(cloudflare_ruleset.probes[0].rules[0].expression) == "(http.host in {\"check-blue-pro.example.com\" \"check-green-pro.example.com\"} and not any(http.request.headers[\"x-probe-secret\"][*] eq \"0123456789abcdef0123\"))"
    error_message = "nobody without the header sees a color before it is public"
  }

  assert {
    condition     = cloudflare_dns_record.check["green"].name == "check-green-pro.example.com" && cloudflare_dns_record.check["green"].content == "203.0.113.11" && cloudflare_dns_record.check["green"].proxied
    error_message = "a check name has one label, is proxied and names its own color"
  }
}

run "check_names_are_never_open" {
  command = plan

  variables {
    check_records = true
  }

  expect_failures = [cloudflare_dns_record.check]
}

run "a_header_needs_its_value" {
  command = plan

  variables {
    probe_header = "x-probe-secret"
  }

  expect_failures = [cloudflare_ruleset.probes]
}

run "a_short_secret" {
  command = plan

  variables {
    probe_secret = "probe"
  }

  expect_failures = [var.probe_secret]
}

run "a_key_is_no_request" {
  command = plan

  variables {
    origin_csr = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
  }

  expect_failures = [var.origin_csr]
}

run "a_path_cannot_break_out_of_its_rule" {
  command = plan

  variables {
    probe_path = "/healthz\" or true"
  }

  expect_failures = [var.probe_path]
}

run "two_colors_only" {
  command = plan

  variables {
    prod_enabled = {
      env_name = "pro", blue_svr = true, blue_svr_ip = "203.0.113.10", green_svr = true, green_svr_ip = "203.0.113.11", server_active = "red"
    }
  }

  expect_failures = [var.prod_enabled]
}

run "no_record_becomes_a_cname" {
  command = plan

  variables {
    cf_cdn = { zone_name = "example.com", active_access = "cname" }
  }

  expect_failures = [var.cf_cdn]
}
