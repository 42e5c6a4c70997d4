variable "network" {
  description = "First three numbers of the sandbox's /24, for example 127.77.12."
  type        = string

  validation {
    condition     = can(regex("^127\\.[1-9][0-9]{0,2}\\.[0-9]{1,3}$", var.network)) && can(cidrhost("${var.network}.0/24", 1))
    error_message = "network is the first three numbers of a /24 below 127.0.0.0/8, for example 127.77.12; 127.0.* is not for a sandbox."
  }
}
