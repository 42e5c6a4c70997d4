# Its token is CLOUDFLARE_API_TOKEN, in the environment.
provider "cloudflare" {}

locals {
  backend_hostnames = { blue = module.cdn.backend_blue_access, green = module.cdn.backend_green_access }
  port              = var.origin_port == { http = 80, https = 443 }[var.origin_scheme] ? "" : ":${var.origin_port}"
  check_urls        = { for color, hostname in module.cdn.check_hostnames : color => lookup(var.check_urls, color, "https://${hostname}/") }
}

module "cdn" {
  source = "../../../../terraform/modules/cdn"

  cf_cdn = { zone_name = var.zone_name, zone_id = var.zone_id, hostnames = var.public_hostnames }
  prod_enabled = {
    env_name      = var.environment
    blue_svr      = try(var.colors.blue.enabled, false)
    blue_svr_ip   = var.colors.blue.address
    green_svr     = try(var.colors.green.enabled, false)
    green_svr_ip  = var.colors.green.address
    server_active = var.server_active
  }

  tls_strict = false # what belongs to the whole zone is in tf/zone

  check_records = nonsensitive(var.probe_secret != null)
  probe_header  = nonsensitive(var.probe_secret != null) ? "x-probe-secret" : null
  probe_secret  = var.probe_secret
}

# What `bluegreen` reads. Complete: each variable above can be rebuilt from it, so a rollback reads nothing else.
resource "terraform_data" "bluegreen" {
  input = {
    colors = {
      for color, echo in var.colors : color => merge(echo, {
        backend_hostname = local.backend_hostnames[color]
        backend_url      = "${var.origin_scheme}://${local.backend_hostnames[color]}${local.port}/"
        check_url        = try(local.check_urls[color], null)
      })
    }
    server_active    = var.server_active
    server_previous  = var.server_previous
    public_hostnames = module.cdn.public_hostnames
    public_url       = coalesce(var.public_url, "https://${module.cdn.root}/")
    edge             = { kind = "cloudflare", zone_id = module.cdn.zone_id, records = module.cdn.record_ids }
  }

  depends_on = [module.cdn]
}
