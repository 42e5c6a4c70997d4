variable "environment" {
  description = "The environment that this is of, for example pro."
  type        = string
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

variable "colors" {
  description = "What earlier layers said of the colors."
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
