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
