variable "name" { type = string }
variable "project_id" { type = string }
variable "zone" { type = string }
variable "ext_ip" { type = string }
