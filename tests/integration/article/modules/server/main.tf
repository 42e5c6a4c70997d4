variable "server" {
  type    = any
  default = { release = "1.4.2" }
}

resource "terraform_data" "server" {
  input = {
    sandbox     = "server"
    color       = var.name
    address     = var.ext_ip
    release     = var.server.release
    environment = "pro"
  }
}
