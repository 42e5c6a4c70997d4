output "external_ip_0" {
  description = "The first address, blue's."
  value       = google_compute_address.fixed[0].address
}

output "external_ip_1" {
  description = "The second address, green's; 127.0.0.1 when it is not reserved."
  value       = try(google_compute_address.fixed[1].address, "127.0.0.1")
}

output "external_ip_2" {
  description = "The third address, which belongs to neither color; 127.0.0.1 when it is not reserved."
  value       = try(google_compute_address.fixed[2].address, "127.0.0.1")
}

output "network" {
  description = "The VPC that the firewall is for: its id, or the name of a present one."
  value       = local.network
}

output "subnetwork" {
  description = "Self link of the subnet made here; null when none is made."
  value       = one(google_compute_subnetwork.subnet[*].self_link)
}

output "tags" {
  description = "The network tags that a server must carry for the firewall to let the CDN in."
  value       = var.firewall == null ? [] : [var.firewall.tag]
}
