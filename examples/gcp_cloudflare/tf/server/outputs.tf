output "bluegreen" {
  description = "What bluegreen reads: what this color runs."
  value       = terraform_data.bluegreen.output
}
