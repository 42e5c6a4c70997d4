provider "google" {
  project = var.project
  region  = var.region
}

# Reads a public list and nothing else: no token.
provider "cloudflare" {}

module "network" {
  source = "../../../../terraform/modules/network"

  name         = "${var.service}-${var.environment}"
  required_ips = 2
  subnet_cidr  = var.subnet_cidr
  firewall     = { health_check_source_ranges = var.health_check_source_ranges }
}

# What `bluegreen` reads, and hands on to the next layers as `colors`.
resource "terraform_data" "bluegreen" {
  input = {
    colors = {
      blue  = { address = module.network.external_ip_0, subnetwork = module.network.subnetwork, tags = module.network.tags }
      green = { address = module.network.external_ip_1, subnetwork = module.network.subnetwork, tags = module.network.tags }
    }
  }

  depends_on = [module.network]
}
