mock_provider "google" {
  mock_data "google_compute_image" {
    defaults = {
      self_link = "https://www.googleapis.com/compute/v1/projects/debian-cloud/global/images/debian-12-v20260101"
    }
  }
}

variables {
  service        = "shop"
  environment    = "pro"
  color          = "blue"
  address        = "203.0.113.10"
  server         = { release = "1.4.2+Build.7", replicas = 3 }
  startup_script = "#!/bin/sh\nexec serve\n"
  tags           = ["cdn-origin"]
}

run "prepared" {
  assert {
    condition     = google_compute_instance.server.name == "shop-pro-blue" && google_compute_instance.server.desired_status == "RUNNING"
    error_message = "the machine is named after its color and runs"
  }

  assert {
    condition = google_compute_instance.server.labels == tomap({
      service = "shop", environment = "pro", color = "blue", release = "1-4-2-build-7"
    })
    error_message = "labels say what it is, in letters that labels may have"
  }

  assert {
    condition     = google_compute_instance.server.metadata["release"] == "1.4.2+Build.7" && google_compute_instance.server.metadata["startup-script"] == var.startup_script
    error_message = "metadata has the release verbatim, and the script"
  }

  assert {
    condition     = google_compute_instance.server.metadata["block-project-ssh-keys"] == "true" && !contains(keys(google_compute_instance.server.metadata), "user-data")
    error_message = "the project's SSH keys are of no use here, and what is not given is not set"
  }

  assert {
    condition     = google_compute_instance.server.network_interface[0].access_config[0].nat_ip == "203.0.113.10" && output.address == "203.0.113.10"
    error_message = "it has the reserved address"
  }

  assert {
    condition     = google_compute_instance.server.boot_disk[0].initialize_params[0].image == data.google_compute_image.family[0].self_link && output.instance.image == data.google_compute_image.family[0].self_link
    error_message = "the family is resolved to a full link"
  }

  assert {
    condition     = data.google_compute_image.family[0].project == "debian-cloud" && data.google_compute_image.family[0].family == "debian-12"
    error_message = "the family is looked up in its own project"
  }

  assert {
    condition     = google_compute_instance.server.shielded_instance_config[0].enable_secure_boot && length(google_compute_instance.server.service_account) == 0 && !google_compute_instance.server.deletion_protection
    error_message = "a shielded machine without credentials, which may be deleted"
  }
}

# That these plans are empty is held by tests/integration/test_cloud_modules.py, which reads their actions.
run "a_family_that_moves_is_let_go" {
  command = plan

  override_data {
    target = data.google_compute_image.family
    values = { self_link = "https://www.googleapis.com/compute/v1/projects/debian-cloud/global/images/debian-12-v20260202" }
  }

  assert {
    condition     = endswith(output.instance.image, "debian-12-v20260101")
    error_message = "the image stays what it was when the color was prepared"
  }
}

run "an_edit_of_what_boots_waits_for_the_next_object" {
  command = plan

  variables {
    startup_script = "#!/bin/sh\nexec serve --faster\n"
    machine_type   = "e2-medium"
    disk           = { size = 50 }
  }

  expect_failures = [check.booted_as_the_code_says]
}

run "running_null_and_true_are_the_same" {
  command = plan

  variables {
    server = { release = "1.4.2+Build.7", replicas = 3, running = true, note = null }
  }

  assert {
    condition     = google_compute_instance.server.desired_status == "RUNNING"
    error_message = "what is null or running = true may be left out"
  }
}

run "stopping_is_an_update_in_place" {
  command = plan

  variables {
    server = { release = "1.4.2+Build.7", replicas = 3, running = false }
  }

  assert {
    condition     = google_compute_instance.server.desired_status == "TERMINATED" && !output.instance.running
    error_message = "running alone stops the same machine"
  }
}

run "another_field_of_the_object_is_another_machine" {
  command = plan

  variables {
    server = { release = "1.4.2+Build.7", replicas = 4 }
  }

  assert {
    condition     = google_compute_instance.server.metadata["release"] == "1.4.2+Build.7"
    error_message = "the same release"
  }
}

run "a_release_takes_the_family_where_it_is_then" {
  command = plan

  variables {
    server         = { release = "1.5.0", replicas = 3 }
    startup_script = "#!/bin/sh\nexec serve --faster\n"
  }

  override_data {
    target = data.google_compute_image.family
    values = { self_link = "https://www.googleapis.com/compute/v1/projects/debian-cloud/global/images/debian-12-v20260202" }
  }

  assert {
    condition     = endswith(output.instance.image, "debian-12-v20260202") && endswith(google_compute_instance.server.metadata["startup-script"], "--faster\n")
    error_message = "a new release is a new machine, from the newest image and with the code's script"
  }
}

run "the_object_chooses_image_and_machine_type" {
  command = plan

  variables {
    server = { release = "1.5.0", image = "projects/shop/global/images/shop-1-5-0", machine_type = "n2-standard-4" }
  }

  assert {
    condition     = output.instance.image == "projects/shop/global/images/shop-1-5-0" && length(data.google_compute_image.family) == 0
    error_message = "a full link is taken as it is, and nothing is looked up"
  }

  assert {
    condition     = google_compute_instance.server.machine_type == "n2-standard-4"
    error_message = "the color's object comes before the variable"
  }
}

run "a_family_by_its_full_name" {
  command = plan

  variables {
    server = { release = "1.5.0", image = "projects/shop/global/images/family/web" }
  }

  assert {
    condition     = data.google_compute_image.family[0].project == "shop" && data.google_compute_image.family[0].family == "web"
    error_message = "projects/<project>/global/images/family/<family> is a family"
  }
}

run "an_image_without_a_project_is_refused" {
  command = plan

  variables {
    image = "debian-12"
  }

  expect_failures = [data.google_compute_image.family]
}

run "a_container_by_cloud_init" {
  command = plan

  variables {
    server         = { release = "1.5.0" }
    startup_script = null
    image          = "cos-cloud/cos-stable"
    container      = { image = "europe-west1-docker.pkg.dev/shop/shop/web:%RELEASE%", env = { MODE = "fast" } }
  }

  assert {
    condition = yamldecode(google_compute_instance.server.metadata["user-data"]).write_files[0].content == join("\n", [
      "COLOR=blue", "ENVIRONMENT=pro", "MODE=fast", "RELEASE=1.5.0", "SERVICE=shop", ""
    ])
    error_message = "the container is told what it is"
  }

  assert {
    condition     = strcontains(yamldecode(google_compute_instance.server.metadata["user-data"]).write_files[1].content, " --publish=443:443 europe-west1-docker.pkg.dev/shop/shop/web:1.5.0\n")
    error_message = "the unit runs the release's image"
  }

  assert {
    condition     = startswith(google_compute_instance.server.metadata["user-data"], "#cloud-config\n") && !contains(keys(google_compute_instance.server.metadata), "startup-script")
    error_message = "user data is cloud-init's, and there is no script"
  }
}

run "an_account_of_its_own_with_least_scopes" {
  command = plan

  variables {
    server          = { release = "1.5.0" }
    service_account = { email = "shop-pro@example-project.iam.gserviceaccount.com" }
  }

  assert {
    condition     = google_compute_instance.server.service_account[0].scopes == toset(["logging-write", "monitoring-write"])
    error_message = "it may write logs and metrics, nothing else"
  }
}

run "the_default_account_is_refused" {
  command = plan

  variables {
    service_account = { email = "123-compute@developer.gserviceaccount.com" }
  }

  expect_failures = [var.service_account]
}

run "no_address_yet" {
  command = plan

  variables {
    address = "127.0.0.1"
  }

  expect_failures = [var.address]
}

run "a_release_is_needed" {
  command = plan

  variables {
    server = { release = "" }
  }

  expect_failures = [var.server]
}

run "running_is_a_bool" {
  command = plan

  variables {
    server = { release = "1.4.2", running = "perhaps" }
  }

  expect_failures = [var.server]
}

run "two_colors_only" {
  command = plan

  variables {
    color = "red"
  }

  expect_failures = [var.color]
}

run "metadata_cannot_pose_as_another_release" {
  command = plan

  variables {
    metadata = { release = "9.9.9" }
  }

  expect_failures = [var.metadata]
}
