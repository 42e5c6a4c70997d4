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
