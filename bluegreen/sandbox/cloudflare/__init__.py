"""A stand-in for Cloudflare's v4 API: one account with one zone, for clients that mean the real one.

`api` finds who answers a call; `account` is what must not be forgotten, apart from the records.
"""
