output "root" {
  description = "The first public hostname."
  value       = local.hostnames[0]
}

output "public_hostnames" {
  description = "All public hostnames, in order."
  value       = local.hostnames
}

output "backend_blue_access" {
  description = "The hostname that names blue directly."
  value       = "backend-blue-access.${local.below}"
}

output "backend_green_access" {
  description = "The hostname that names green directly."
  value       = "backend-green-access.${local.below}"
}

output "check_hostnames" {
  description = "Color -> the hostname at which it is checked through the CDN; empty without check_records."
  value       = { for color, record in cloudflare_dns_record.check : color => record.name }
}

output "zone_id" {
  description = "Id of the zone, for whoever looks the records up."
  value       = local.zone_id
}

output "name_servers" {
  description = "What the registrar has to be told of a new zone; empty for a present one."
  value       = flatten(cloudflare_zone.zone[*].name_servers)
}

output "record_ids" {
  description = "Public hostname -> record id."
  value       = { for hostname, record in cloudflare_dns_record.root : hostname => record.id }
}

output "origin_certificate" {
  description = "The Origin CA certificate in PEM, for the servers; null without origin_csr. It is no secret; its key is."
  value       = one(cloudflare_origin_ca_certificate.origin[*].certificate)
}
