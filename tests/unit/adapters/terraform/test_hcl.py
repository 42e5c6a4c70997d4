from __future__ import annotations

import pytest

from bluegreen.adapters.terraform.hcl import Statement, statements, unmatched


def names(text: str) -> list[str]:
    """Return the variables declared in `text`."""
    return [found.labels[0] for found in statements(text) if found.name == "variable" and found.labels]


@pytest.mark.parametrize(
    "text",
    [
        'variable "x" { type = string }',
        "variable x {}",
        'variable "x" {\n  default = "}"\n}',
        'locals { a = { b = 1 } }\nvariable "x" {}',
        'locals {\n  a = [for v in ["}"] : "${ { k = "}" }["k"] }{"]\n}\nvariable "x" {}',
        'locals {\n  a = "$${"\n}\nvariable "x" {}',
        'locals {\n  a = "\\"{"\n}\nvariable "x" {}',
        'locals {\n  a = <<-EOT\n    {{{ "\n  EOT\n}\nvariable "x" {}',
        'locals {\n  a = f(<<EOT\n{\nEOT\n  )\n}\nvariable "x" {}',
        'locals {\n  a = <<EOT\nEOT\n}\nvariable "x" {}',
        'variable "x" {}\r\n# variable "y" {}\r\n',
        '\ufeffvariable "x" {}',
        'variable /* "y" */ "x" {}',
    ],
)
def test_finds_the_one_variable(text: str) -> None:
    assert names(text) == ["x"]


@pytest.mark.parametrize(
    "text",
    [
        '# variable "x" {}',
        '// variable "x" {}',
        '/*\nvariable "x" {}\n*/',
        'locals {\n  a = <<EOT\nvariable "x" {}\nEOT\n}',
        'locals {\n  a = <<-EOT\n\n  variable "x" {}\n  NOT EOT\n  EOT\n}',
        'locals { a = "\nvariable \\"x\\" {}" }',
        "variable = { x = 1 }",
    ],
)
def test_is_not_fooled(text: str) -> None:
    assert names(text) == []


def test_says_where_each_statement_stands_and_within_what() -> None:
    text = 'a = 1\nterraform {\n  backend "gcs" {\n    bucket = "b"\n  }\n}\nb = [\n  { c = 2 },\n]\nd = a == b\n'
    assert list(statements(text)) == [
        Statement("a", 1, False),
        Statement("terraform", 2, True),
        Statement("backend", 3, True, ("gcs",), ("terraform",)),
        Statement("bucket", 4, False, (), ("terraform", "backend")),
        Statement("b", 7, False),
        Statement("d", 10, False),
    ]


def test_keeps_the_code_of_each_and_blanks_what_is_said_beside_it() -> None:
    text = (
        'a = "blue" # "green"\n'
        "b = {\n  c = 1 // one\n}\n"
        'module "m" {\n  count = var.on ? 1 : 0 /* or\n none */\n  d { e = "# ${"/*"}" }\n}\n'
        "f = <<EOT\n# kept\nEOT\n"
        "g.h = 1\ni = g"
    )
    code = {found.name: found.code.strip() for found in statements(text)}
    assert code["a"] == '"blue"'
    assert code["b"].split() == ["{", "c", "=", "1", "}"]
    assert code["count"] == "var.on ? 1 : 0"
    assert code["e"] == '"# ${"/*"}"'
    assert code["d"] == 'e = "# ${"/*"}"'
    assert code["f"] == "<<EOT\n# kept\nEOT"
    assert code["i"] == "g"
    assert code["module"].count("\n") == 2, "a comment of two lines is still two lines"
    assert "none" not in code["module"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a {\n  b = [1, "}"\n}\n', 3),
        ('a {\n  b = f(["}", "${ { k = "}" }["k"] }"])\n}\n', 0),
        ("a = <<EOT\n{\nEOT\n# {\n", 0),
        ("a {}\nb {\n  c = (1\n}\n", 4),
        ("a {}\nb {\n  c = 1\n", 2),
        ("a {}\n}\n", 2),
        ('a {\n  b = "x\n}\n', 1),
    ],
)
def test_a_bracket_without_its_other_end_is_found_by_line(text: str, line: int) -> None:
    assert unmatched(text) == line


@pytest.mark.parametrize("text", ['"', "<<EOT\n", "}", "{", "${", 'a = "${', "variable", "=", "/*", "a = <<EOT"])
def test_broken_text_ends_quietly(text: str) -> None:
    assert names(text) == []
