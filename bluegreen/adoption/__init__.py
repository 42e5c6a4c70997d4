"""Somebody's root module, read: what it lacks of the stack contract, what will bite, and the files that bring it in."""
