# gce-container-declaration, the older way, is deprecated by Google and runs the container by an agent of its own; a
# systemd unit written by cloud-init is a plain process that can be read on the machine.

locals {
  container_image    = try(replace(var.container.image, "%RELEASE%", var.server.release), "")
  container_registry = try(regex("^([a-z0-9-]+-docker\\.pkg\\.dev)/", local.container_image)[0], null)

  container_env = merge(try(var.container.env, {}), {
    SERVICE     = var.service
    ENVIRONMENT = var.environment
    COLOR       = var.color
    RELEASE     = try(var.server.release, "")
  })

  container_unit = <<-UNIT
    [Unit]
    Description=${var.service}
    Wants=network-online.target
    After=network-online.target docker.service
    Requires=docker.service

    [Service]
    Environment=HOME=/var/lib/${var.service}
    ExecStartPre=-/usr/bin/docker rm --force ${var.service}
    %{if local.container_registry != null}ExecStartPre=/usr/bin/docker-credential-gcr configure-docker --registries=${local.container_registry}%{endif}
    ExecStart=/usr/bin/docker run --name=${var.service} --env-file=/etc/${var.service}.env --log-driver=journald%{for port in try(var.container.ports, [])} --publish=${port}:${port}%{endfor} ${local.container_image}
    ExecStop=/usr/bin/docker stop ${var.service}
    Restart=always
    RestartSec=2

    [Install]
    WantedBy=multi-user.target
  UNIT

  container_config = {
    write_files = [
      {
        path        = "/etc/${var.service}.env"
        permissions = "0600"
        content     = join("", [for name, value in local.container_env : "${name}=${value}\n"])
      },
      {
        path        = "/etc/systemd/system/${var.service}.service"
        permissions = "0644"
        content     = local.container_unit
      },
    ]
    # Container-Optimized OS keeps no change of /etc over a boot, and cloud-init writes them at each.
    bootcmd = ["mkdir -p /var/lib/${var.service}"]
    runcmd  = ["systemctl daemon-reload", "systemctl start ${var.service}.service"]
  }

  container = "#cloud-config\n${yamlencode(local.container_config)}"
}
