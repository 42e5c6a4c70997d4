locals {
  public = var.cf_cdn.new_zone ? var.cf_cdn.zone_name : "${var.prod_enabled.env_name}.${var.cf_cdn.zone_name}"
}

# The name of the active color leads to the CDN, so that its address is not told.
resource "cloudflare_record" "backend_blue_access" {
  count = var.prod_enabled.blue_svr == true ? 1 : 0

  zone_id = var.cf_cdn.zone_id
  name    = "backend-blue-access.${local.public}"
  value   = var.prod_enabled.server_active == "blue" ? local.public : var.prod_enabled.blue_svr_ip
  type    = var.prod_enabled.server_active == "blue" ? "CNAME" : "A"
  proxied = false
}

resource "cloudflare_record" "backend_green_access" {
  count = var.prod_enabled.green_svr == true ? 1 : 0

  zone_id = var.cf_cdn.zone_id
  name    = "backend-green-access.${local.public}"
  value   = var.prod_enabled.server_active == "green" ? local.public : var.prod_enabled.green_svr_ip
  type    = var.prod_enabled.server_active == "green" ? "CNAME" : "A"
  proxied = false
}

resource "cloudflare_record" "root" {
  count = var.prod_enabled.on == true ? 1 : 0

  zone_id = var.cf_cdn.zone_id
  name    = var.cf_cdn.new_zone ? "@" : var.prod_enabled.env_name
  value   = var.prod_enabled.ip
  type    = "A"
  proxied = true
}
