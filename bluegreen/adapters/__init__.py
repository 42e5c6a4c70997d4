"""The world behind the ports: Terraform, HTTP, DNS, files, time. Adapters act and look; they decide nothing."""
