"""Compute Engine's v1 REST API over the sandbox's world: what runs there runs here, as a process.

Every request is a pure function from one `cloud.Cloud` to an `operations.Order`; `api` routes, `service` keeps time.
"""
