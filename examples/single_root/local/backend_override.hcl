# In place of the bucket: the sandbox holds the states. Where it does stands in bluegreen.yaml (terraform.backend_config).
terraform {
  backend "http" {}
}
