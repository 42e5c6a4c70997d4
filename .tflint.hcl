# tflint --chdir=terraform/modules --recursive --config="$PWD/.tflint.hcl"
# Every rule of the ruleset that tflint brings along, not only the recommended ones.
plugin "terraform" {
  enabled = true
  preset  = "all"
}

# Off: a root without variables, such as the sandbox's network, needs no empty variables.tf.
rule "terraform_standard_module_structure" {
  enabled = false
}
