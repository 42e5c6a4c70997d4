variable "zone" {
  description = "Name of the sandbox's zone, for example shop.test; the public hostname is its apex."
  type        = string
}

variable "addresses" {
  description = "Address of each color."
  type        = object({ blue = string, green = string })
}

variable "server_active" {
  description = "The color that serves the public."
  type        = string

  validation {
    condition     = contains(["blue", "green"], var.server_active)
    error_message = "server_active is \"blue\" or \"green\"."
  }
}
