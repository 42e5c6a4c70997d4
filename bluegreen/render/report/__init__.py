"""One run as one HTML file: what it is told of, drawn and set."""
