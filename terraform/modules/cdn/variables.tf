variable "cf_cdn" {
  description = "The zone and its names. new_zone: make the zone, in account_id, for this environment alone. zone_id: of a present zone, so that nothing looks it up by name. hostnames: the public ones, as @, www or www.example.com; none: the apex of a new zone, else the environment's name below the zone. active_access: whether the active color's own name is a plain record like the other's (direct), or proxied. ttl: of records that are not proxied, seconds."
  type = object({
    zone_name     = string
    new_zone      = optional(bool, false)
    account_id    = optional(string)
    zone_id       = optional(string)
    hostnames     = optional(list(string), [])
    active_access = optional(string, "direct")
    ttl           = optional(number, 60)
  })
  nullable = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z][a-z0-9-]*[a-z0-9]$", var.cf_cdn.zone_name))
    error_message = "cf_cdn.zone_name is a domain in lower case and Punycode, for example example.com."
  }

  validation {
    condition     = !var.cf_cdn.new_zone || (var.cf_cdn.account_id != null && var.cf_cdn.zone_id == null)
    error_message = "cf_cdn.new_zone needs account_id, the account that the zone is to belong to, and no zone_id."
  }

  validation {
    condition     = alltrue([for name in var.cf_cdn.hostnames : can(regex("^(@|[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*)$", name))])
    error_message = "cf_cdn.hostnames are @, a label such as www, or whole names, in lower case and Punycode."
  }

  validation {
    condition     = contains(["direct", "proxied"], var.cf_cdn.active_access)
    error_message = "cf_cdn.active_access is \"direct\" or \"proxied\"."
  }

  validation {
    condition     = var.cf_cdn.ttl >= 60 && var.cf_cdn.ttl <= 86400
    error_message = "cf_cdn.ttl is 60 to 86400 seconds."
  }
}

variable "prod_enabled" {
  description = "The environment. on: whether it has records. env_name: its name. blue_svr, green_svr: whether that color has a server. blue_svr_ip, green_svr_ip: the colors' reserved addresses, 127.0.0.1 for none. server_active: the color that serves the public. ip: where the public goes as long as neither color has a server; null: to the address of server_active."
  type = object({
    on            = optional(bool, true)
    env_name      = string
    ip            = optional(string)
    blue_svr      = optional(bool, false)
    blue_svr_ip   = optional(string, "127.0.0.1")
    green_svr     = optional(bool, false)
    green_svr_ip  = optional(string, "127.0.0.1")
    server_active = string
  })
  nullable = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", var.prod_enabled.env_name))
    error_message = "prod_enabled.env_name is one label of a host name, for example pro."
  }

  validation {
    condition     = contains(["blue", "green"], var.prod_enabled.server_active)
    error_message = "prod_enabled.server_active is \"blue\" or \"green\"."
  }

  validation {
    condition = alltrue([
      for address in compact([var.prod_enabled.blue_svr_ip, var.prod_enabled.green_svr_ip, var.prod_enabled.ip]) : can(cidrnetmask("${address}/32"))
    ])
    error_message = "blue_svr_ip, green_svr_ip and ip are IPv4 addresses."
  }

  validation {
    condition = !(
      (var.prod_enabled.blue_svr && var.prod_enabled.blue_svr_ip == "127.0.0.1") ||
      (var.prod_enabled.green_svr && var.prod_enabled.green_svr_ip == "127.0.0.1")
    )
    error_message = "A color with a server has the address 127.0.0.1, which stands for none: set required_ips of the network to 2."
  }
}

variable "tls_strict" {
  description = "Set the zone's TLS mode to Full (strict): Cloudflare speaks TLS with the servers, and believes only a certificate of its Origin CA or a public one. Of the whole zone: one environment of it says so."
  type        = bool
  default     = true
  nullable    = false
}

variable "origin_csr" {
  description = "Request, in PEM, for an Origin CA certificate of an EC key; null: none is made. The key stays where it was made."
  type        = string
  default     = null

  validation {
    condition     = var.origin_csr == null ? true : startswith(trimspace(var.origin_csr), "-----BEGIN CERTIFICATE REQUEST-----") && !strcontains(var.origin_csr, "PRIVATE KEY")
    error_message = "origin_csr begins with -----BEGIN CERTIFICATE REQUEST-----, and holds no key."
  }
}

variable "authenticated_origin_pulls" {
  description = "Have Cloudflare show its client certificate to the servers, which are to ask for it. Of the whole zone."
  type        = bool
  default     = false
  nullable    = false
}

variable "probe_path" {
  description = "Path at the public hostnames that is never answered from the cache, for example /healthz; null: no rule. The module then owns the zone's cache rules."
  type        = string
  default     = null

  validation {
    condition     = var.probe_path == null ? true : can(regex("^/[A-Za-z0-9/._~-]*$", var.probe_path))
    error_message = "probe_path begins with / and has letters, digits and any of / . _ ~ -"
  }
}

variable "probe_header" {
  description = "Name of the header by whose value (probe_secret) the zone's firewall knows a probe and lets it through; null: no rule. The module then owns the zone's custom firewall rules."
  type        = string
  default     = null

  validation {
    condition     = var.probe_header == null ? true : can(regex("^[a-z][a-z0-9-]*$", var.probe_header))
    error_message = "probe_header is a header's name in lower case, for example x-probe-secret."
  }
}

variable "probe_secret" {
  description = "Value of probe_header. It stands in the zone's rule, so in the state, and whoever may read either has it: it opens nothing but the way to a health check."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.probe_secret == null ? true : can(regex("^[A-Za-z0-9_-]{20,}$", var.probe_secret))
    error_message = "probe_secret is 20 or more letters, digits, dashes and underscores, for example from: openssl rand -hex 20"
  }
}

variable "check_records" {
  description = "Give each color a proxied name of one label, check-<color> or check-<color>-<environment>, for checks through the CDN. Nobody gets in there without probe_header."
  type        = bool
  default     = false
  nullable    = false
}
