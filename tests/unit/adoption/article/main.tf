module "network" {
  source = "./modules/network"

  project_id   = var.project_id
  region       = var.region
  required_ips = var.required_ips
}

module "blue_server" {
  source = "./modules/server"
  count  = var.blue_enabled == true ? 1 : 0

  name       = "blue"
  project_id = var.project_id
  zone       = var.zone
  ext_ip     = module.network.external_ip_0
}

module "green_server" {
  source = "./modules/server"
  count  = var.green_enabled == true ? 1 : 0

  name       = "green"
  project_id = var.project_id
  zone       = var.zone
  ext_ip     = module.network.external_ip_1
}

module "cdn" {
  source = "./modules/cdn"

  cf_cdn = {
    new_zone  = var.new_zone
    zone_name = var.zone_name
    zone_id   = var.zone_id
  }

  prod_enabled = {
    on            = true
    env_name      = "pro"
    ip            = var.server_active == "blue" ? module.network.external_ip_0 : module.network.external_ip_1
    blue_svr      = var.blue_enabled
    blue_svr_ip   = module.network.external_ip_0
    green_svr     = var.green_enabled
    green_svr_ip  = module.network.external_ip_1
    server_active = var.server_active
  }
}
