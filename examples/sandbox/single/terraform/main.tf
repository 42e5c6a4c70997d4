locals {
  environment = "demo"
  zone        = "shop.test"
  network     = "127.77.12"
}

module "network" {
  source  = "../../../../terraform/modules/sandbox_network"
  network = local.network
}

module "blue_server" {
  source = "../../../../terraform/modules/sandbox_server"
  count  = var.blue_enabled ? 1 : 0

  color       = "blue"
  address     = module.network.external_ip_0
  environment = local.environment
  server      = var.blue
}

module "green_server" {
  source = "../../../../terraform/modules/sandbox_server"
  count  = var.green_enabled ? 1 : 0

  color       = "green"
  address     = module.network.external_ip_1
  environment = local.environment
  server      = var.green
}

module "cdn" {
  source = "../../../../terraform/modules/sandbox_cdn"

  zone          = local.zone
  addresses     = { blue = module.network.external_ip_0, green = module.network.external_ip_1 }
  server_active = var.server_active

  depends_on = [module.blue_server, module.green_server]
}

# What `bluegreen` reads. Its output is stored only when everything before it has succeeded.
resource "terraform_data" "bluegreen" {
  input = {
    colors = {
      blue = {
        enabled          = var.blue_enabled
        inputs           = var.blue
        address          = module.network.external_ip_0
        backend_hostname = module.cdn.backend_blue_access
        backend_url      = "http://${module.network.external_ip_0}:8080/"
        instance         = one(module.blue_server[*].instance)
      }
      green = {
        enabled          = var.green_enabled
        inputs           = var.green
        address          = module.network.external_ip_1
        backend_hostname = module.cdn.backend_green_access
        backend_url      = "http://${module.network.external_ip_1}:8080/"
        instance         = one(module.green_server[*].instance)
      }
    }
    server_active    = var.server_active
    server_previous  = var.server_previous
    public_hostnames = [module.cdn.root]
    public_url       = "http://${local.network}.2:8080/"
    edge             = { kind = "sandbox", zone_id = module.cdn.zone_id, records = module.cdn.record_ids }
  }

  depends_on = [module.blue_server, module.green_server, module.cdn]
}
