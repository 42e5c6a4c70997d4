locals {
  public = var.cf_cdn.new_zone ? var.cf_cdn.zone_name : "${var.prod_enabled.env_name}.${var.cf_cdn.zone_name}"

  blue_type  = var.prod_enabled.server_active == "blue" ? "CNAME" : "A"
  green_type = var.prod_enabled.server_active == "green" ? "CNAME" : "A"
}

# As at Cloudflare, another type is another record.
resource "terraform_data" "backend_blue_access" {
  count            = var.prod_enabled.blue_svr == true ? 1 : 0
  triggers_replace = local.blue_type

  input = {
    sandbox = "record"
    id      = md5("blue")
    name    = "backend-blue-access.${local.public}"
    type    = var.prod_enabled.server_active == "blue" ? "CNAME" : "A"
    content = var.prod_enabled.server_active == "blue" ? local.public : var.prod_enabled.blue_svr_ip
    proxied = false
    ttl     = 60
  }
}

resource "terraform_data" "backend_green_access" {
  count            = var.prod_enabled.green_svr == true ? 1 : 0
  triggers_replace = local.green_type

  input = {
    sandbox = "record"
    id      = md5("green")
    name    = "backend-green-access.${local.public}"
    type    = var.prod_enabled.server_active == "green" ? "CNAME" : "A"
    content = var.prod_enabled.server_active == "green" ? local.public : var.prod_enabled.green_svr_ip
    proxied = false
    ttl     = 60
  }
}

resource "terraform_data" "root" {
  count = var.prod_enabled.on == true ? 1 : 0

  input = {
    sandbox = "record"
    id      = md5("root")
    name    = local.public
    type    = "A"
    content = var.prod_enabled.ip
    proxied = true
    ttl     = 1
  }
}
