locals {
  zone    = "shop.test"
  network = "127.77.12"

  backend_hostnames = { blue = module.cdn.backend_blue_access, green = module.cdn.backend_green_access }
}

module "cdn" {
  source = "../../../../../terraform/modules/sandbox_cdn"

  zone          = local.zone
  addresses     = { blue = var.colors.blue.address, green = var.colors.green.address }
  server_active = var.server_active
}

# What `bluegreen` reads. Complete: each variable above can be rebuilt from it, so a rollback reads nothing else.
resource "terraform_data" "bluegreen" {
  input = {
    colors = {
      for color, echo in var.colors : color => merge(echo, {
        backend_hostname = local.backend_hostnames[color]
        backend_url      = "http://${echo.address}:8080/"
      })
    }
    server_active    = var.server_active
    server_previous  = var.server_previous
    public_hostnames = [module.cdn.root]
    public_url       = "http://${local.network}.2:8080/"
    edge             = { kind = "sandbox", zone_id = module.cdn.zone_id, records = module.cdn.record_ids }
  }

  depends_on = [module.cdn]
}
