output "address" {
  description = "The external address of the server."
  value       = google_compute_instance.server.network_interface[0].access_config[0].nat_ip
}

output "instance" {
  description = "What is known of the machine: where Google has it, the image that it was made from, and whether it is to run."
  value = {
    id      = google_compute_instance.server.id
    name    = google_compute_instance.server.name
    zone    = google_compute_instance.server.zone
    image   = terraform_data.boot.input.image
    running = google_compute_instance.server.desired_status == "RUNNING"
  }
}
