#!/bin/bash
# Stands on PATH as `terraform` while a run of bluegreen is recorded: writes down each call, and is it then.
# BENCH_CALLS: folder for the records. BENCH_ENGINE: the real Terraform.
call=$BENCH_CALLS/$(date +%s%N)
for word; do
    case $word in -var-file=*) cp -- "${word#-var-file=}" "$call.tfvars" ;; esac
done
env -0 >"$call.env"
pwd >"$call.folder"
printf '%s\0' "$@" >"$call.argv"
exec "$BENCH_ENGINE" "$@"
