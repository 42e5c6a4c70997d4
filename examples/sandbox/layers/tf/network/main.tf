module "network" {
  source  = "../../../../../terraform/modules/sandbox_network"
  network = "127.77.12"
}

# What `bluegreen` reads, and hands on to the next layers as `colors`.
resource "terraform_data" "bluegreen" {
  input = {
    colors = {
      blue  = { address = module.network.external_ip_0 }
      green = { address = module.network.external_ip_1 }
    }
  }

  depends_on = [module.network]
}
