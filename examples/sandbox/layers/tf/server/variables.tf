# Set by `bluegreen`, once for each color. Nothing here knows which color is active.

variable "color" {
  description = "The color that this state is of."
  type        = string
}

variable "enabled" {
  description = "Whether this color has a server."
  type        = bool
}

variable "server" {
  description = "What it runs: an object with release, running and whatever else describes it; null if never deployed."
  type        = any
}

variable "colors" {
  description = "What earlier layers said of the colors."
  type        = any
}
