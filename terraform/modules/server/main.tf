locals {
  labels = {
    for key, value in { service = var.service, environment = var.environment, color = var.color, release = var.server.release } :
    key => substr(replace(lower(value), "/[^a-z0-9_-]/", "-"), 0, 63)
  }

  boot_metadata = { for key, value in {
    startup-script = terraform_data.boot.input.startup_script
    user-data      = terraform_data.boot.input.user_data
  } : key => value if value != null }
}

resource "google_compute_instance" "server" {
  #checkov:skip=CKV_GCP_32:block-project-ssh-keys is set below, in a merge() that checkov does not evaluate; a test holds it
  #checkov:skip=CKV_GCP_38:a disk holds a release and nothing else, and is thrown away with it; Google encrypts it with keys of its own
  name         = "${var.service}-${var.environment}-${var.color}"
  machine_type = terraform_data.boot.input.machine_type
  zone         = var.zone
  labels       = local.labels
  tags         = var.tags

  desired_status      = coalesce(try(tobool(var.server.running), null), true) ? "RUNNING" : "TERMINATED"
  deletion_protection = var.deletion_protection

  # Read at boot by whatever runs here; release stands verbatim, as its label cannot.
  metadata = merge(var.metadata, local.boot_metadata, {
    release                = var.server.release
    color                  = var.color
    service                = var.service
    environment            = var.environment
    block-project-ssh-keys = "true"
    enable-oslogin         = "TRUE"
    serial-port-enable     = "FALSE" # its output can be read all the same; this is about logging in
  })

  boot_disk {
    initialize_params {
      image = terraform_data.boot.input.image
      size  = terraform_data.boot.input.disk.size
      type  = terraform_data.boot.input.disk.type
    }
  }

  network_interface {
    network    = var.subnetwork == null ? "default" : null
    subnetwork = var.subnetwork

    access_config {
      nat_ip = var.address
    }
  }

  dynamic "service_account" {
    for_each = terraform_data.boot.input.service_account[*]

    content {
      email  = service_account.value.email
      scopes = service_account.value.scopes
    }
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  lifecycle {
    # A startup script runs at boot only, so another release is another machine. The name and the address are taken
    # by the old one until it is gone: it goes first, which is why only an idle color is ever prepared.
    replace_triggered_by = [terraform_data.boot]
  }
}
