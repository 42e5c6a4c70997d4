locals {
  backend = { for color in ["blue", "green"] : color => "backend-${color}-access.${var.zone}" }
}

# The public record is always A and always proxied: a switch is one update in place of its content.
resource "terraform_data" "root" {
  input = {
    sandbox = "record"
    id      = md5(var.zone)
    name    = var.zone
    type    = "A"
    content = var.addresses[var.server_active]
    proxied = true
    ttl     = 1
  }
}

# A color keeps its own name for as long as its address is reserved, whether or not a server runs there.
resource "terraform_data" "backend_blue" {
  input = {
    sandbox = "record"
    id      = md5(local.backend.blue)
    name    = local.backend.blue
    type    = "A"
    content = var.addresses.blue
    proxied = false
    ttl     = 60
  }
}

resource "terraform_data" "backend_green" {
  input = {
    sandbox = "record"
    id      = md5(local.backend.green)
    name    = local.backend.green
    type    = "A"
    content = var.addresses.green
    proxied = false
    ttl     = 60
  }
}
