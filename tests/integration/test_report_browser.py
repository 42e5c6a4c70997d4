"""The report as a browser shows it: light, dark and printed. `make test-browser` runs this, with Debian's chromium."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest
from bad_night import RUN, bad_night

from bluegreen.cli.chronicle import story_of
from bluegreen.render.report.page import render_report

pytestmark = pytest.mark.browser

LIGHT, DARK = (244, 246, 248), (15, 21, 27)
"""`--page` in templates/report/style.css."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_report(story_of(RUN, bad_night())))
    return path


def browse(page: Path, *options: str) -> str:
    """Show the page in a browser that reaches nobody; return what it says of errors."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not there: apt-get install chromium")
    command = [
        chromium,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--enable-logging=stderr",
    ]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND"]
    command += [f"--user-data-dir={page.parent / 'profile'}", "--lang=en"]
    environment = {**os.environ, "HOME": str(page.parent)}
    done = subprocess.run(
        [*command, *options, page.as_uri()], env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


def first_pixel(picture: Path) -> tuple[int, ...]:
    """Return the colors of the corner. The first pixel of a PNG has no neighbour, so that no filter changes it."""
    content = picture.read_bytes()
    parts = re.search(rb"IDAT(.*)", content, re.DOTALL)
    assert parts
    return tuple(zlib.decompressobj().decompress(parts[1], 4)[1:4])


@pytest.mark.parametrize(("scheme", "corner"), [(1, LIGHT), (0, DARK)])
def test_light_and_dark(page: Path, tmp_path: Path, scheme: int, corner: tuple[int, ...]) -> None:
    picture = tmp_path / "picture.png"
    size = "--window-size=1200,3600"
    told = browse(page, f"--screenshot={picture}", size, f"--blink-settings=preferredColorScheme={scheme}")
    assert told == "", "a browser has something to say of it"
    assert first_pixel(picture) == corner
    assert picture.stat().st_size > 100_000, "nothing was drawn"


def test_printed_it_has_few_pages(page: Path, tmp_path: Path) -> None:
    paper = tmp_path / "paper.pdf"
    browse(page, "--no-pdf-header-footer", f"--print-to-pdf={paper}")
    pages = len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))
    assert 2 <= pages <= 8
