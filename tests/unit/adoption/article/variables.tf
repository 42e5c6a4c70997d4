variable "project_id" {
  type = string
}

variable "region" {
  type    = string
  default = "europe-west1"
}

variable "zone" {
  type    = string
  default = "europe-west1-b"
}

variable "new_zone" {
  type    = bool
  default = true
}

variable "zone_name" {
  type = string
}

variable "zone_id" {
  type = string
}

variable "required_ips" {
  type    = number
  default = 1
}

variable "blue_enabled" {
  type    = bool
  default = true
}

variable "green_enabled" {
  type    = bool
  default = false
}

variable "server_active" {
  type = string
}
