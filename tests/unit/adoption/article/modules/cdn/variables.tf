variable "cf_cdn" {
  type = object({ new_zone = bool, zone_name = string, zone_id = string })
}

variable "prod_enabled" {
  type = object({
    on            = bool
    env_name      = string
    ip            = string
    blue_svr      = bool
    blue_svr_ip   = string
    green_svr     = bool
    green_svr_ip  = string
    server_active = string
  })
}
