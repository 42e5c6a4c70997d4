output "external_ip_0" {
  value = terraform_data.external_ip_address[0].input
}

output "external_ip_1" {
  value = var.required_ips >= 2 ? terraform_data.external_ip_address[1].input : "127.0.0.1"
}
