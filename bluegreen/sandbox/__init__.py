"""A whole world on localhost: records, an edge, servers and Terraform's state, in one daemon.

`lifecycle` starts and stops it, `client` talks to it, `traffic` loads it; everything else lives in the daemon.
"""
