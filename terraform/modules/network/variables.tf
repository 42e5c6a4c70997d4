variable "name" {
  description = "What the firewall rules, the VPC and the subnet are called, with an ending each; for example shop-pro."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$", var.name))
    error_message = "name is lower-case letters, digits and dashes, a letter first, 42 at most."
  }
}

variable "required_ips" {
  description = "How many external addresses to reserve. Two colors need 2; the third belongs to neither color."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = contains([1, 2, 3], var.required_ips)
    error_message = "Please provide a valid number of required public IPs. Options are: 1, 2 or 3."
  }
}

variable "subnet_cidr" {
  description = "Range of the subnet to make in a VPC of its own, for example 10.20.0.0/24; null: neither is made, `network` is used."
  type        = string
  default     = null

  validation {
    condition     = var.subnet_cidr == null || can(cidrnetmask(var.subnet_cidr))
    error_message = "subnet_cidr is an IPv4 range, for example 10.20.0.0/24, or null."
  }
}

variable "network" {
  description = "Name of the present VPC that the firewall is for; only read when subnet_cidr is null."
  type        = string
  default     = "default"
  nullable    = false
}

variable "firewall" {
  description = "Who reaches the servers that carry `tag`: Cloudflare at `ports`, and health_check_source_ranges, the IPv4 ranges of whoever checks a color directly. null: no rule is made."
  type = object({
    ports                      = optional(list(string), ["80", "443"])
    tag                        = optional(string, "cdn-origin")
    health_check_source_ranges = optional(list(string), [])
  })
  default = {}

  validation {
    condition     = var.firewall == null ? true : length(var.firewall.ports) > 0 && alltrue([for port in var.firewall.ports : can(regex("^[1-9][0-9]{0,4}$", port))])
    error_message = "firewall.ports are single TCP ports, for example [\"443\"]."
  }

  validation {
    condition = var.firewall == null ? true : alltrue([
      for range in var.firewall.health_check_source_ranges : can(cidrnetmask(range)) && tonumber(split("/", range)[1]) >= 16
    ])
    error_message = "firewall.health_check_source_ranges are IPv4 ranges of /16 or narrower, for example [\"198.51.100.7/32\"]: the colors have no IPv6 address, and wider ranges would open them to the public."
  }
}
