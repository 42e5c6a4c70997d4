# Reserved apart from the servers, so that an address outlives the server that uses it.
resource "terraform_data" "address" {
  count = 2
  input = cidrhost("${var.network}.0/24", 11 + count.index)
}
