# A DNS-only name publishes the address behind it, so addresses are no secret: these rules keep the public at the CDN.

locals {
  network = one(concat(google_compute_network.vpc[*].id, var.subnet_cidr == null ? [var.network] : []))
  checked = try(length(var.firewall.health_check_source_ranges), 0) > 0
}

# Needs no token: Cloudflare tells everybody. IPv4 only, because that is all that the servers have.
data "cloudflare_ip_ranges" "published" {
  count = var.firewall == null ? 0 : 1

  lifecycle {
    postcondition {
      condition     = try(length(self.ipv4_cidrs) > 0, false)
      error_message = "Cloudflare's list of addresses came empty, and Google reads a rule without sources as 0.0.0.0/0."
    }

    postcondition {
      condition = alltrue([
        for range in self.ipv4_cidrs : can(cidrnetmask(range)) && tonumber(split("/", range)[1]) >= 10
      ])
      error_message = "Cloudflare's list of addresses has a range wider than /10: it is not believed."
    }
  }
}

resource "google_compute_firewall" "cdn" {
  count = var.firewall == null ? 0 : 1

  name          = "${var.name}-from-cdn"
  description   = "Cloudflare's published ranges."
  network       = local.network
  direction     = "INGRESS"
  source_ranges = data.cloudflare_ip_ranges.published[0].ipv4_cidrs
  target_tags   = [var.firewall.tag]

  allow {
    protocol = "tcp"
    ports    = var.firewall.ports
  }
}

resource "google_compute_firewall" "check" {
  count = local.checked ? 1 : 0

  name          = "${var.name}-from-checks"
  description   = "Whoever checks a color at its own address."
  network       = local.network
  direction     = "INGRESS"
  source_ranges = var.firewall.health_check_source_ranges
  target_tags   = [var.firewall.tag]

  allow {
    protocol = "tcp"
    ports    = var.firewall.ports
  }
}
