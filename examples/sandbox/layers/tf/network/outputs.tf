output "bluegreen" {
  description = "What bluegreen reads: the colors' addresses."
  value       = terraform_data.bluegreen.output
}
