output "external_ip_0" {
  value = google_compute_address.external_ip_address[0].address
}

output "external_ip_1" {
  value = var.required_ips >= 2 ? google_compute_address.external_ip_address[1].address : "127.0.0.1"
}

output "external_ip_2" {
  value = var.required_ips == 3 ? google_compute_address.external_ip_address[2].address : "127.0.0.1"
}
