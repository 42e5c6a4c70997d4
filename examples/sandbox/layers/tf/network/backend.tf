# Literal, so that a bare `terraform plan` finds the same state. The sandbox serves it: `bluegreen sandbox up`.
terraform {
  backend "http" {
    address        = "http://127.77.12.1:8500/state/demo/network"
    lock_address   = "http://127.77.12.1:8500/state/demo/network"
    unlock_address = "http://127.77.12.1:8500/state/demo/network"
  }
}
