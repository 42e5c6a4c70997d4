variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the addresses, the subnet and the servers."
  type        = string
}

variable "zone" {
  description = "Zone of the servers."
  type        = string
}

variable "service" {
  description = "What is deployed."
  type        = string
  default     = "shop"
}

variable "environment" {
  description = "The environment that this is of, for example pro."
  type        = string
}

variable "subnet_cidr" {
  description = "Range of the environment's own subnet."
  type        = string
  default     = "10.20.0.0/24"
}

variable "health_check_source_ranges" {
  description = "Where bluegreen runs, as IPv4 ranges: it checks the idle color at its own address."
  type        = list(string)
  default     = []
}

variable "service_account" {
  description = "Email of the account that the servers act as, which may read the two secrets of the origin certificate; null: none, and each server makes itself a certificate that only a check with verify: false accepts."
  type        = string
  default     = null
}

variable "zone_name" {
  description = "The zone at Cloudflare, for example example.com."
  type        = string
}

variable "zone_id" {
  description = "The zone's id; null: it is looked up by name, by two requests in every plan and with one more permission."
  type        = string
  default     = null
}

variable "public_hostnames" {
  description = "The public hostnames: @ for the zone itself, labels, or whole names; none: the environment's name below the zone."
  type        = list(string)
  default     = []
}

variable "zone_wide" {
  description = "Whether this environment has what belongs to the whole zone: its TLS mode and a cache rule. One environment of a zone has."
  type        = bool
  default     = false
}

variable "origin_scheme" {
  description = "What the servers speak: https or http."
  type        = string
  default     = "https"

  validation {
    condition     = contains(["http", "https"], var.origin_scheme)
    error_message = "origin_scheme is \"https\" or \"http\"."
  }
}

variable "origin_port" {
  description = "The port at which the servers listen."
  type        = number
  default     = 443
}

variable "public_url" {
  description = "Where the public is asked; null: https:// and the first public hostname."
  type        = string
  default     = null
}

variable "probe_secret" {
  description = "Value of the header x-probe-secret that bluegreen sends (probe.headers). Given, each color has a name through the CDN for check.via: edge, which nobody else gets into; null: none has. It needs the token permission Zone WAF: Edit, and stands in the state."
  type        = string
  default     = null
  sensitive   = true
}

variable "check_urls" {
  description = "Color -> where it is asked through the CDN, with probe_secret; none: https:// and its name there."
  type        = map(string)
  default     = {}
  nullable    = false
}

# Set by `bluegreen`. None has a default: a bare plan in a fresh checkout asks instead of planning a switch.

variable "blue_enabled" {
  description = "Whether blue has a server."
  type        = bool
}

variable "green_enabled" {
  description = "Whether green has a server."
  type        = bool
}

variable "blue" {
  description = "What blue runs: an object with release, running and whatever else describes it; null if never deployed."
  type        = any
}

variable "green" {
  description = "What green runs: an object with release, running and whatever else describes it; null if never deployed."
  type        = any
}

variable "server_active" {
  description = "The color that serves the public."
  type        = string

  validation {
    condition     = contains(["blue", "green"], var.server_active)
    error_message = "server_active is \"blue\" or \"green\"."
  }
}

variable "server_previous" {
  description = "The color that a rollback goes back to, or \"\"."
  type        = string

  validation {
    condition     = contains(["", "blue", "green"], var.server_previous)
    error_message = "server_previous is \"\", \"blue\" or \"green\"."
  }
}
