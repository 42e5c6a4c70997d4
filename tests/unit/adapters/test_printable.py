from __future__ import annotations

import pytest

from bluegreen.adapters.printable import one_line, printable


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb\r\r\nc\rd", "a\nb\nc\nd"),
        ("\x1b[1;31mred\x1b[0m \x9b2Jclear", "red clear"),
        ("\x1b]52;c;cm0gLXJm\x07clip \x1b]0;title\x1b\\board", "clip board"),
        ("\x1b]0;without an end\nnext line", "\nnext line"),
        ("\x1bPq#0\x1b\\sixel \x1b(Bset \x1bc reset", "sixel set  reset"),
        ("bell\x07 null\x00 del\x7f \x08back \x1b", "bell null del back "),
        ("\u202eevil\u202c \u200bspace \u00fc", "evil space \u00fc"),
    ],
)
def test_what_a_terminal_would_obey_is_taken_out(raw: str, safe: str) -> None:
    assert printable(raw) == safe


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("all is well", "all is well"),
        ("  indented", "  indented"),
        ("blue\nswitched: green serves the public", "blue switched: green serves the public"),
        ("blue\r\x1b[2K\x1b[1Aswitched\u2028\tnow", "blue switched now"),
    ],
)
def test_nothing_within_a_line_can_pass_for_one_of_its_own(said: str, line: str) -> None:
    assert one_line(said) == line
