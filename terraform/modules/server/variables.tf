variable "service" {
  description = "What is deployed, for example shop."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", var.service))
    error_message = "service is lower-case letters, digits and dashes, a letter first, 32 at most."
  }
}

variable "environment" {
  description = "The environment that the server belongs to, for example pro."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,21}[a-z0-9])?$", var.environment))
    error_message = "environment is lower-case letters, digits and dashes, a letter first, 23 at most."
  }
}

variable "color" {
  description = "blue or green."
  type        = string

  validation {
    condition     = contains(["blue", "green"], var.color)
    error_message = "color is \"blue\" or \"green\"."
  }
}

variable "address" {
  description = "The reserved external address, from the module network."
  type        = string

  validation {
    condition     = can(cidrnetmask("${var.address}/32")) && var.address != "127.0.0.1"
    error_message = "address is a reserved IPv4 address. 127.0.0.1 stands for one that is not reserved: raise required_ips of the network."
  }
}

variable "server" {
  description = "The color's object: release, running (default true), image and machine_type over the variables of these names, and whatever else describes the server; a change of any of it but running makes another machine."
  type        = any

  validation {
    condition     = can(regex("^[!-~]{1,256}$", var.server.release))
    error_message = "server.release is a version in plain text, for example \"1.4.2\"."
  }

  validation {
    condition     = can(tobool(try(var.server.running, true)))
    error_message = "server.running is true or false."
  }
}

variable "image" {
  description = "The boot image: <project>/<family>, resolved when the color is prepared, or the full link of one image, projects/<project>/global/images/<name>."
  type        = string
  default     = "debian-cloud/debian-12"
  nullable    = false
}

variable "machine_type" {
  description = "Machine type, for example e2-small."
  type        = string
  default     = "e2-small"
  nullable    = false
}

variable "disk" {
  description = "The boot disk; size in GB."
  type = object({
    size = optional(number, 20)
    type = optional(string, "pd-balanced")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.disk.size >= 10
    error_message = "disk.size is 10 (GB) or more."
  }
}

variable "startup_script" {
  description = "Runs as root at each boot; null for none. It finds release, color, service and environment in the instance's metadata. No secrets: whoever may look at the instance may read it."
  type        = string
  default     = null
}

variable "cloud_init" {
  description = "cloud-init's user data, beginning with #cloud-config; null for none. No secrets."
  type        = string
  default     = null

  validation {
    condition     = var.cloud_init == null ? true : startswith(var.cloud_init, "#")
    error_message = "cloud_init begins with #cloud-config (or another of cloud-init's headers)."
  }
}

variable "container" {
  description = "A container to run instead, by cloud-init on Container-Optimized OS (image cos-cloud/cos-stable): its image, the ports that it listens at, published under the same numbers, and more environment beside SERVICE, ENVIRONMENT, COLOR and RELEASE. null for none. No secrets. %RELEASE% in the image stands for the color's release."
  type = object({
    image = string
    ports = optional(list(number), [443])
    env   = optional(map(string), {})
  })
  default = null

  validation {
    condition     = var.container == null ? true : can(regex("^[a-z0-9][a-zA-Z0-9._/:@%-]*$", var.container.image))
    error_message = "container.image is an image's name, for example europe-west1-docker.pkg.dev/shop/shop/web:%RELEASE%."
  }

  validation {
    condition     = var.container == null ? true : alltrue([for name, value in var.container.env : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name)) && !can(regex("[\\r\\n]", value))])
    error_message = "container.env has names of letters, digits and underscores, and values of one line."
  }
}

variable "metadata" {
  description = "More metadata. Keys that this module sets itself are refused."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = length(setintersection(keys(var.metadata), [
      "release", "color", "service", "environment", "startup-script", "user-data", "block-project-ssh-keys", "enable-oslogin", "serial-port-enable"
    ])) == 0
    error_message = "metadata sets a key that belongs to this module."
  }
}

variable "subnetwork" {
  description = "Self link of the subnet; null: the default network."
  type        = string
  default     = null
}

variable "tags" {
  description = "Network tags, which say what firewall rules are for this server."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "service_account" {
  description = "The account that the server acts as, and its scopes; null: none, so that the server holds no credentials at all."
  type = object({
    email  = string
    scopes = optional(list(string), ["logging-write", "monitoring-write"])
  })
  default = null

  validation {
    condition     = var.service_account == null ? true : can(regex("^[^@]+@[^@]+$", var.service_account.email)) && !endswith(var.service_account.email, "-compute@developer.gserviceaccount.com")
    error_message = "service_account.email names an account made for this service; the project's default one may be an editor of everything."
  }
}

variable "zone" {
  description = "Zone of the machine; null: the provider's."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Refuse to delete the machine. Google says so in the middle of an apply; bluegreen's guard, which reads the plan, is the protection meant for colors."
  type        = bool
  default     = false
  nullable    = false
}
