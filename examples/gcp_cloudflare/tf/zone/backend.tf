# Bucket and prefix are told to init by hand: this is no layer of the stack, see main.tf.
terraform {
  backend "gcs" {}
}
