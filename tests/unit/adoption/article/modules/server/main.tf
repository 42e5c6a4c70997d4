resource "google_compute_instance" "server" {
  project      = var.project_id
  name         = "shop-${var.name}"
  machine_type = "e2-small"
  zone         = var.zone

  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
    }
  }

  network_interface {
    network = "default"

    access_config {
      nat_ip = var.ext_ip
    }
  }

  metadata = {
    startup-script = file("${path.module}/startup.sh")
  }
}
