resource "random_string" "name" {
  count = 3

  length  = 4
  upper   = false
  special = false

  lifecycle {
    ignore_changes = all # imported, as after the loss of a state, it would be drawn anew: other names, other addresses
  }
}

# Reserved apart from the servers, so that an address outlives the server that uses it.
resource "google_compute_address" "fixed" {
  count = var.required_ips

  name         = "fixed-external-ip-${random_string.name[count.index].result}"
  address_type = "EXTERNAL"
  description  = "Made by Terraform for ${var.name}."
}

resource "google_compute_network" "vpc" {
  count = var.subnet_cidr == null ? 0 : 1

  name                    = var.name
  auto_create_subnetworks = false # which would bring rules of its own: the default network lets SSH and RDP in from everywhere
}

resource "google_compute_subnetwork" "subnet" {
  #checkov:skip=CKV_GCP_26:flow logs cost by the gigabyte and say nothing that the CDN's own logs do not
  count = var.subnet_cidr == null ? 0 : 1

  name                     = var.name
  network                  = google_compute_network.vpc[0].id
  ip_cidr_range            = var.subnet_cidr
  private_ip_google_access = true
}
