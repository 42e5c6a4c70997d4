provider "google" {
  project = var.project
  region  = var.region
  zone    = var.zone
}

module "server" {
  source = "../../../../terraform/modules/server"
  count  = var.enabled ? 1 : 0

  service        = var.service
  environment    = var.environment
  color          = var.color
  address        = var.colors[var.color].address
  server         = var.server
  subnetwork     = var.colors[var.color].subnetwork
  tags           = var.colors[var.color].tags
  startup_script = file("${path.module}/startup.sh")

  # Secret Manager asks for this scope; what the account may really do is what its roles say.
  service_account = var.service_account == null ? null : {
    email  = var.service_account
    scopes = ["cloud-platform"]
  }
}

# What `bluegreen` reads, and hands on to the edge as `colors`.
resource "terraform_data" "bluegreen" {
  input = {
    colors = {
      (var.color) = {
        enabled  = var.enabled
        inputs   = var.server
        instance = one(module.server[*].instance.id)
      }
    }
  }

  depends_on = [module.server]
}
