variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the addresses and the subnet."
  type        = string
}

variable "service" {
  description = "What is deployed."
  type        = string
  default     = "shop"
}

variable "environment" {
  description = "The environment that this is of, for example pro."
  type        = string
}

variable "subnet_cidr" {
  description = "Range of the environment's own subnet."
  type        = string
  default     = "10.20.0.0/24"
}

variable "health_check_source_ranges" {
  description = "Where bluegreen runs, as IPv4 ranges: it checks the idle color at its own address."
  type        = list(string)
  default     = []
}
