# What belongs to the whole zone. Two environments of one zone must not both have it: each would undo the other's.
# No address in here has a color in it, so that no phase takes it for a color's.

locals {
  probed = join(" ", [for name in concat(local.hostnames, var.check_records ? values(local.checks) : []) : "\"${name}\""])
  closed = join(" ", [for name in values(local.checks) : "\"${name}\""])
  secret = "any(http.request.headers[\"${coalesce(var.probe_header, "-")}\"][*] eq \"${coalesce(var.probe_secret, "-")}\")"
}

resource "cloudflare_zone_setting" "tls" {
  count = var.tls_strict ? 1 : 0

  zone_id    = local.zone_id
  setting_id = "ssl"
  value      = "strict"
}

resource "cloudflare_origin_ca_certificate" "origin" {
  count = var.origin_csr == null ? 0 : 1

  csr          = var.origin_csr
  hostnames    = sort(distinct(concat(local.hostnames, ["*.${local.zone}", "*.${local.env}.${local.zone}"])))
  request_type = "origin-ecc"
}

resource "cloudflare_authenticated_origin_pulls_settings" "pulls" {
  count = var.authenticated_origin_pulls ? 1 : 0

  zone_id = local.zone_id
  enabled = true
}

resource "cloudflare_ruleset" "cache" {
  count = var.probe_path == null ? 0 : 1

  zone_id = local.zone_id
  name    = "bluegreen"
  kind    = "zone"
  phase   = "http_request_cache_settings"

  rules = [{
    ref               = "bluegreen_probe_path"
    description       = "A cached answer says nothing about the servers."
    expression        = "(http.request.uri.path eq \"${var.probe_path}\" and http.host in {${local.probed}})"
    action            = "set_cache_settings"
    action_parameters = { cache = false }
    enabled           = true
  }]
}

resource "cloudflare_ruleset" "probes" {
  count = var.probe_header == null ? 0 : 1

  zone_id = local.zone_id
  name    = "bluegreen"
  kind    = "zone"
  phase   = "http_request_firewall_custom"

  rules = concat(
    var.check_records ? [{
      ref               = "bluegreen_check_closed"
      description       = "The colors' check names are for probes only."
      expression        = "(http.host in {${local.closed}} and not ${local.secret})"
      action            = "block"
      action_parameters = null
      logging           = null
      enabled           = true
    }] : [],
    [{
      ref         = "bluegreen_probe"
      description = "A probe that was challenged says nothing about the servers."
      expression  = "(http.host in {${local.probed}} and ${local.secret})"
      action      = "skip"
      action_parameters = {
        ruleset  = "current"
        phases   = ["http_ratelimit", "http_request_firewall_managed", "http_request_sbfm"]
        products = ["bic", "hot", "rateLimit", "securityLevel", "uaBlock", "waf", "zoneLockdown"]
      }
      logging = { enabled = true }
      enabled = true
    }],
  )

  lifecycle {
    precondition {
      condition     = var.probe_secret != null
      error_message = "probe_header needs probe_secret, its value."
    }
  }
}
