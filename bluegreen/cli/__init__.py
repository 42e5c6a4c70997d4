"""The command line. It speaks and asks; what is done, `bluegreen.app` does."""
