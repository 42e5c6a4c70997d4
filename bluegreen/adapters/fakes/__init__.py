"""One fake beside each real adapter, kept honest by the suites in tests/contracts."""
