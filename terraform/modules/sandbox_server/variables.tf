variable "color" {
  description = "blue or green."
  type        = string

  validation {
    condition     = contains(["blue", "green"], var.color)
    error_message = "color is \"blue\" or \"green\"."
  }
}

variable "address" {
  description = "The address at which the server listens, from sandbox_network."
  type        = string

  validation {
    condition     = can(cidrhost("${var.address}/32", 0)) && startswith(var.address, "127.")
    error_message = "address is an IPv4 address below 127.0.0.0/8."
  }
}

variable "environment" {
  description = "The environment that the server belongs to, for example demo."
  type        = string
}

variable "server" {
  description = "The color's object: release, running (default true), and whatever else describes the server; a change of any of it makes another process."
  type        = any

  validation {
    condition     = can(regex("^[!-~]+$", var.server.release))
    error_message = "server.release is a version in plain text, for example \"1.4.2\"."
  }

  validation {
    condition     = try(tobool(var.server.running), true) != null && can(tobool(try(var.server.running, true)))
    error_message = "server.running is true or false."
  }
}
