# What is set up once, by hand and with a token of its own, before the first deploy: the certificate that the servers
# show, and what belongs to the whole zone. No layer of the stack, so that a deploy's token may change records and
# nothing else, and a rollback's plan reads nothing else.
provider "cloudflare" {}

module "zone" {
  source = "../../../../terraform/modules/cdn"

  cf_cdn       = { zone_name = var.zone_name, hostnames = var.public_hostnames }
  prod_enabled = { on = false, env_name = var.environment, server_active = "blue" } # the records are the edge's

  origin_csr = var.origin_csr
  tls_strict = var.zone_wide
  probe_path = var.zone_wide ? "/healthz" : null # bluegreen.yaml: probe.path
}
