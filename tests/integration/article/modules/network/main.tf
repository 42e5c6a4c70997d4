resource "terraform_data" "external_ip_address" {
  count = var.required_ips
  input = cidrhost("127.77.12.0/24", 11 + count.index)
}
