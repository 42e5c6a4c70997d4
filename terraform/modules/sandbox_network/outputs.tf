output "external_ip_0" {
  description = "Address of blue."
  value       = terraform_data.address[0].input
}

output "external_ip_1" {
  description = "Address of green."
  value       = terraform_data.address[1].input
}
