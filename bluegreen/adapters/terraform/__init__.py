"""Terraform as a child process: argv says what to run, process runs it, messages reads it, workspace uses it."""
