variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the server."
  type        = string
}

variable "zone" {
  description = "Zone of the server."
  type        = string
}

variable "service" {
  description = "What is deployed."
  type        = string
  default     = "shop"
}

variable "environment" {
  description = "The environment that this is of, for example pro."
  type        = string
}

variable "service_account" {
  description = "Email of the account that the server acts as, which may read the two secrets of the origin certificate; null: none, and the server makes itself a certificate that only a check with verify: false accepts."
  type        = string
  default     = null
}

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
