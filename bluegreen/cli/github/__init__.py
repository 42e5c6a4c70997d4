"""What a step of a GitHub workflow is told beside the lines for people."""
