# Names that nobody has taken
resource "random_string" "ext_address" {
  count   = 3
  length  = 4
  upper   = false
  special = false
}

resource "google_compute_address" "external_ip_address" {
  count        = var.required_ips
  project      = var.project_id
  region       = var.region
  name         = "fixed-external-ip-${random_string.ext_address[count.index].result}"
  address_type = "EXTERNAL"
}
