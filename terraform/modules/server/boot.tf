# What only takes effect in a new machine is written down when the color is prepared, and stays: an image family that
# moves, or an edit of the script, reaches a color with its next object. So neither a rollback to a stopped color nor
# retiring one ever finds that the machine has to be made anew.

locals {
  object = { for key, value in var.server : key => value if key != "running" && value != null }

  image      = coalesce(try(var.server.image, null), var.image)
  full_image = can(regex("(^|/)projects/[^/]+/global/images/[^/]+$", local.image))
  family     = try(regex("^(?:.*/)?projects/([^/]+)/global/images/family/([^/]+)$|^([^/]+)/([^/]+)$", local.image), null)

  boot = {
    image           = local.full_image ? local.image : data.google_compute_image.family[0].self_link
    machine_type    = coalesce(try(var.server.machine_type, null), var.machine_type)
    disk            = var.disk
    startup_script  = var.startup_script
    user_data       = var.container == null ? var.cloud_init : local.container
    service_account = var.service_account
  }
}

data "google_compute_image" "family" {
  count = local.full_image ? 0 : 1

  project = try(coalesce(local.family[0], local.family[2]), null)
  family  = try(coalesce(local.family[1], local.family[3]), null)

  lifecycle {
    precondition {
      condition     = local.family != null
      error_message = "The image ${local.image} is neither <project>/<family> nor projects/<project>/global/images/<name>."
    }
  }
}

resource "terraform_data" "boot" {
  input            = local.boot
  triggers_replace = local.object

  lifecycle {
    ignore_changes = [input]
  }
}

check "booted_as_the_code_says" {
  assert {
    condition     = jsonencode(merge(terraform_data.boot.input, { image = "" })) == jsonencode(merge(local.boot, { image = "" }))
    error_message = "${var.color} was prepared with other boot settings (script, disk, machine type, account) than the code has now. It takes them over with its next object: another release, or any field changed, for example --set revision=2."
  }
}
