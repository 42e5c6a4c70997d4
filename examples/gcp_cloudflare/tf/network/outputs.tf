output "bluegreen" {
  description = "What bluegreen reads: the colors' addresses, and where their servers belong."
  value       = terraform_data.bluegreen.output
}
