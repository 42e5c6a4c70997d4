"""The switch: what a deploy, a rollback and a retire do, and in which order. Start reading at `phases`."""
