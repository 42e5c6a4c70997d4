# This folder is two layers, blue and green, each with a state of its own: `bluegreen` passes the addresses to init.
terraform {
  backend "http" {}
}
