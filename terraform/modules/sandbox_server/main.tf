# The sandbox's daemon reads this input out of the state and makes a process of it.
resource "terraform_data" "server" {
  input = merge(var.server, {
    sandbox     = "server"
    color       = var.color
    address     = var.address
    release     = var.server.release
    running     = try(tobool(var.server.running), true)
    environment = var.environment
  })
}
