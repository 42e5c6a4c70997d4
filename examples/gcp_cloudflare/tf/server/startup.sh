#!/bin/bash
# Runs as root at each boot. Serves a page over TLS that says in its headers which color and release answers:
# put your own program in the place of nginx, and keep the two headers.
set -euo pipefail

metadata() { # metadata PATH: prints a value of this instance's metadata
    curl --silent --fail --header "Metadata-Flavor: Google" "http://metadata.google.internal/computeMetadata/v1/$1"
}

color=$(metadata instance/attributes/color)
release=$(metadata instance/attributes/release)
service=$(metadata instance/attributes/service)
environment=$(metadata instance/attributes/environment)

secret() { # secret NAME: prints the newest version of a secret of this project
    local project token
    project=$(metadata project/project-id)
    token=$(metadata instance/service-accounts/default/token | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
    # The token goes in by a file descriptor, not by the command line, which everybody on the machine may read.
    curl --silent --fail --header @<(printf 'Authorization: Bearer %s' "$token") \
        "https://secretmanager.googleapis.com/v1/projects/$project/secrets/$1/versions/latest:access" |
        python3 -c 'import base64, json, sys; sys.stdout.buffer.write(base64.b64decode(json.load(sys.stdin)["payload"]["data"]))'
}

umask 077
mkdir -p /etc/origin
if metadata instance/service-accounts/default/email >/dev/null; then
    secret "$service-$environment-origin-key" >/etc/origin/key.pem
    secret "$service-$environment-origin-certificate" >/etc/origin/certificate.pem
else
    [ -e /etc/origin/key.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
        -subj "/CN=$service" -keyout /etc/origin/key.pem -out /etc/origin/certificate.pem
fi
umask 022

command -v nginx >/dev/null || { apt-get update --quiet && DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes nginx; }
cat >/etc/nginx/sites-available/default <<CONF
server {
    listen 443 ssl default_server;
    ssl_certificate     /etc/origin/certificate.pem;
    ssl_certificate_key /etc/origin/key.pem;
    add_header X-Color "$color" always;
    add_header X-Release "$release" always;
    add_header Cache-Control "no-store" always;
    default_type text/plain;
    location / {
        return 200 "$service $release\n";
    }
}
CONF
nginx -t
systemctl enable nginx
systemctl restart nginx
