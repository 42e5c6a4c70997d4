variable "project_id" { type = string }
variable "region" { type = string }

variable "required_ips" {
  type    = number
  default = 1

  validation {
    condition     = var.required_ips > 0 && var.required_ips < 4
    error_message = "Please provide a valid number of required public IPs. Options are: 1, 2 or 3."
  }
}
