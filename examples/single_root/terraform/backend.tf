# Bucket and prefix come from bluegreen.yaml (terraform.backend_config): each environment has a state of its own.
terraform {
  backend "gcs" {}
}
