provider "google" {
  project = var.project
  region  = var.region
  zone    = var.zone
}

# Its token is CLOUDFLARE_API_TOKEN, in the environment.
provider "cloudflare" {}

locals {
  port = var.origin_port == { http = 80, https = 443 }[var.origin_scheme] ? "" : ":${var.origin_port}"

  check_urls = { for color, hostname in module.cdn.check_hostnames : color => lookup(var.check_urls, color, "https://${hostname}/") }

  # Secret Manager asks for this scope; what the account may really do is what its roles say.
  service_account = var.service_account == null ? null : { email = var.service_account, scopes = ["cloud-platform"] }
}

module "network" {
  source = "../../../terraform/modules/network"

  name         = "${var.service}-${var.environment}"
  required_ips = 2
  subnet_cidr  = var.subnet_cidr
  firewall     = { health_check_source_ranges = var.health_check_source_ranges }
}

module "blue_server" {
  source = "../../../terraform/modules/server"
  count  = var.blue_enabled ? 1 : 0

  service         = var.service
  environment     = var.environment
  color           = "blue"
  address         = module.network.external_ip_0
  server          = var.blue
  subnetwork      = module.network.subnetwork
  tags            = module.network.tags
  startup_script  = file("${path.module}/startup.sh")
  service_account = local.service_account
}

module "green_server" {
  source = "../../../terraform/modules/server"
  count  = var.green_enabled ? 1 : 0

  service         = var.service
  environment     = var.environment
  color           = "green"
  address         = module.network.external_ip_1
  server          = var.green
  subnetwork      = module.network.subnetwork
  tags            = module.network.tags
  startup_script  = file("${path.module}/startup.sh")
  service_account = local.service_account
}

# No depends_on here: it would put off reading the zone until the servers are changed, and a zone that is not known yet
# means new records.
module "cdn" {
  source = "../../../terraform/modules/cdn"

  cf_cdn = { zone_name = var.zone_name, zone_id = var.zone_id, hostnames = var.public_hostnames }
  prod_enabled = {
    env_name      = var.environment
    blue_svr      = var.blue_enabled
    blue_svr_ip   = module.network.external_ip_0
    green_svr     = var.green_enabled
    green_svr_ip  = module.network.external_ip_1
    server_active = var.server_active
  }

  tls_strict = var.zone_wide
  probe_path = var.zone_wide ? "/healthz" : null # bluegreen.yaml: probe.path

  check_records = nonsensitive(var.probe_secret != null)
  probe_header  = nonsensitive(var.probe_secret != null) ? "x-probe-secret" : null
  probe_secret  = var.probe_secret
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
        backend_url      = "${var.origin_scheme}://${module.cdn.backend_blue_access}${local.port}/"
        check_url        = try(local.check_urls.blue, null)
        instance         = one(module.blue_server[*].instance.id)
      }
      green = {
        enabled          = var.green_enabled
        inputs           = var.green
        address          = module.network.external_ip_1
        backend_hostname = module.cdn.backend_green_access
        backend_url      = "${var.origin_scheme}://${module.cdn.backend_green_access}${local.port}/"
        check_url        = try(local.check_urls.green, null)
        instance         = one(module.green_server[*].instance.id)
      }
    }
    server_active    = var.server_active
    server_previous  = var.server_previous
    public_hostnames = module.cdn.public_hostnames
    public_url       = coalesce(var.public_url, "https://${module.cdn.root}/")
    edge             = { kind = "cloudflare", zone_id = module.cdn.zone_id, records = module.cdn.record_ids }
  }

  depends_on = [module.network, module.blue_server, module.green_server, module.cdn]
}
