locals {
  zone_id = one(concat(cloudflare_zone.zone[*].id, data.cloudflare_zones.zone[*].result[0].id, compact([var.cf_cdn.zone_id])))
  zone    = var.cf_cdn.zone_name
  env     = var.prod_enabled.env_name
  below   = var.cf_cdn.new_zone ? local.zone : "${local.env}.${local.zone}" # what the colors' names are below

  asked     = length(var.cf_cdn.hostnames) > 0 ? var.cf_cdn.hostnames : [local.below]
  hostnames = [for name in local.asked : name == "@" ? local.zone : endswith(".${name}", ".${local.zone}") ? name : "${name}.${local.zone}"]

  addresses = { blue = var.prod_enabled.blue_svr_ip, green = var.prod_enabled.green_svr_ip }
  served    = var.prod_enabled.blue_svr || var.prod_enabled.green_svr
  public_ip = coalesce(local.served ? null : var.prod_enabled.ip, local.addresses[var.prod_enabled.server_active])
  checks    = { for color in keys(local.addresses) : color => "${join("-", compact(["check", color, var.cf_cdn.new_zone ? "" : local.env]))}.${local.zone}" }
  proxied = {
    for color in ["blue", "green"] : color => var.cf_cdn.active_access == "proxied" && var.prod_enabled.server_active == color
  }
}

resource "cloudflare_zone" "zone" {
  count = var.cf_cdn.new_zone ? 1 : 0

  account = { id = var.cf_cdn.account_id }
  name    = local.zone
  type    = "full"
}

# The list, which may be empty: looked up as one zone, none would be an error before there is anything to say of it.
data "cloudflare_zones" "zone" {
  count = var.cf_cdn.new_zone || var.cf_cdn.zone_id != null ? 0 : 1

  name      = local.zone
  max_items = 2

  lifecycle {
    postcondition {
      condition     = length(self.result) == 1
      error_message = length(self.result) == 0 ? "Cloudflare has no zone ${local.zone} that this token sees: look at cf_cdn.zone_name and at the token (Zone: Read, of this zone), or set cf_cdn.zone_id." : "Cloudflare has more than one zone ${local.zone}: set cf_cdn.zone_id."
    }
  }
}

# The public records are always A and always proxied: a switch is one update in place of one content for each of them.
resource "cloudflare_dns_record" "root" {
  for_each = toset(var.prod_enabled.on ? local.hostnames : [])

  zone_id = local.zone_id
  name    = each.value
  type    = "A"
  content = local.public_ip
  proxied = true
  ttl     = 1 # Cloudflare's word for automatic, the only one for proxied records

  lifecycle {
    precondition {
      condition     = local.public_ip != "127.0.0.1"
      error_message = "The public would be sent to 127.0.0.1, which stands for an address that is not reserved: look at server_active, and at required_ips of the network."
    }
  }
}

# A color keeps its own name for as long as its address is reserved, whether or not a server runs there.
resource "cloudflare_dns_record" "backend_blue_access" {
  count = var.prod_enabled.on ? 1 : 0

  zone_id = local.zone_id
  name    = "backend-blue-access.${local.below}"
  type    = "A"
  content = local.addresses.blue
  proxied = local.proxied.blue
  ttl     = local.proxied.blue ? 1 : var.cf_cdn.ttl
}

resource "cloudflare_dns_record" "backend_green_access" {
  count = var.prod_enabled.on ? 1 : 0

  zone_id = local.zone_id
  name    = "backend-green-access.${local.below}"
  type    = "A"
  content = local.addresses.green
  proxied = local.proxied.green
  ttl     = local.proxied.green ? 1 : var.cf_cdn.ttl
}

# One label, because Universal SSL has a certificate for no more.
resource "cloudflare_dns_record" "check" {
  for_each = var.prod_enabled.on && var.check_records ? local.checks : {}

  zone_id = local.zone_id
  name    = each.value
  type    = "A"
  content = local.addresses[each.key]
  proxied = true
  ttl     = 1

  lifecycle {
    precondition {
      condition     = var.probe_header != null
      error_message = "check_records needs probe_header: without it, these names would let everybody see a release before it is public."
    }
  }

  depends_on = [cloudflare_ruleset.probes] # closed before there is a door
}
