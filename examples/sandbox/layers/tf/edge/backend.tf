# Literal, so that a bare `terraform plan` finds the same state. The sandbox serves it: `bluegreen sandbox up`.
terraform {
  backend "http" {
    address        = "http://127.77.12.1:8500/state/demo/edge"
    lock_address   = "http://127.77.12.1:8500/state/demo/edge"
    unlock_address = "http://127.77.12.1:8500/state/demo/edge"
  }
}
