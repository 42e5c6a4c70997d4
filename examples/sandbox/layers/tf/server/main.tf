module "server" {
  source = "../../../../../terraform/modules/sandbox_server"
  count  = var.enabled ? 1 : 0

  color       = var.color
  address     = var.colors[var.color].address
  environment = "demo"
  server      = var.server
}

# What `bluegreen` reads, and hands on to the edge as `colors`.
resource "terraform_data" "bluegreen" {
  input = {
    colors = {
      (var.color) = {
        enabled  = var.enabled
        inputs   = var.server
        instance = one(module.server[*].instance)
      }
    }
  }

  depends_on = [module.server]
}
