variable "environment" {
  description = "The environment that the certificate is for, for example pro."
  type        = string
}

variable "zone_name" {
  description = "The zone at Cloudflare, for example example.com."
  type        = string
}

variable "public_hostnames" {
  description = "The environment's public hostnames, as in the edge."
  type        = list(string)
  default     = []
}

variable "origin_csr" {
  description = "Request, in PEM, for the origin certificate; null: none is made."
  type        = string
  default     = null
}

variable "zone_wide" {
  description = "Whether this environment's state has the TLS mode and the cache rule of the zone. One environment's has."
  type        = bool
}
