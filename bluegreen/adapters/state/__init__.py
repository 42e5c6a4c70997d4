"""The store on this machine's disk: journals and the lock of one environment, private to their user."""
