terraform {
  backend "http" {
    address        = "http://127.77.12.1:8500/state/pro/main"
    lock_address   = "http://127.77.12.1:8500/state/pro/main"
    unlock_address = "http://127.77.12.1:8500/state/pro/main"
  }
}
