output "bluegreen" {
  description = "What bluegreen reads: the colors, which of them is active, and the edge."
  value       = terraform_data.bluegreen.output
}
