terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 4.60"
    }
    cloudflare = {
      source = "cloudflare/cloudflare"
    }
  }
}

provider "google" {
  project = var.project_id
}

provider "cloudflare" {}
