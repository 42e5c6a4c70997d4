output "address" {
  description = "The address at which the server listens."
  value       = terraform_data.server.input.address
}

output "instance" {
  description = "What is known of the machine: its id and whether it runs."
  value = {
    id      = terraform_data.server.id
    running = terraform_data.server.input.running
  }
}
