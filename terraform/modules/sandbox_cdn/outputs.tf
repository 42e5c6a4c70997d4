output "root" {
  description = "The public hostname."
  value       = terraform_data.root.input.name
}

output "backend_blue_access" {
  description = "The hostname that names blue directly."
  value       = terraform_data.backend_blue.input.name
}

output "backend_green_access" {
  description = "The hostname that names green directly."
  value       = terraform_data.backend_green.input.name
}

output "zone_id" {
  description = "Id of the zone, for whoever looks the records up."
  value       = md5(var.zone)
}

output "record_ids" {
  description = "Public hostname -> record id."
  value       = { (terraform_data.root.input.name) = terraform_data.root.input.id }
}
