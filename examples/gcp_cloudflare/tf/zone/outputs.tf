output "origin_certificate" {
  description = "The origin certificate in PEM, to be put beside its key; null when none is made."
  value       = module.zone.origin_certificate
}

output "zone_id" {
  description = "Id of the zone, for TF_VAR_zone_id."
  value       = module.zone.zone_id
}
