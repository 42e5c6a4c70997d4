"""A stand-in for GitHub's `gh api`: issues and comments of one repository, kept in a file, and each call in a log.

Called with that file's path before the arguments of `gh`. `--jq` is answered by jq, which stands for the one in `gh`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT = "github-actions[bot]"
REPOSITORY = "example/shop"
PAGE = 1
"""Things on a page: GitHub's are longer, and nobody may take the first for all."""
LONGEST = 65_536

Thing = dict[str, Any]


class NotFound(Exception):
    pass


class Kept:
    """The repository's issues and comments. path: of the file that keeps them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._all: dict[str, list[Any]] = json.loads(path.read_text())
        self.issues, self.comments = self._all["issues"], self._all["comments"]

    def save(self, call: list[str]) -> None:
        self._all["calls"].append(call)
        self._path.write_text(json.dumps(self._all))


def answer(kept: Kept, method: str, endpoint: str, fields: Thing) -> list[Thing]:
    """Do what a request asks for; return what it is answered with, a list of one for an object."""
    asked = urlsplit(endpoint)
    path = asked.path.removeprefix(f"repos/{REPOSITORY}/issues")
    query = {key: values[0] for key, values in parse_qs(asked.query).items()}
    if path == asked.path:
        raise NotFound(endpoint)
    for (verb, pattern), act in ROUTES.items():
        found = re.fullmatch(pattern, path)
        if found and verb == method:
            return act(kept, query | fields, *map(int, found.groups()))
    raise NotFound(f"{method} {endpoint}")


def list_issues(kept: Kept, asked: Thing) -> list[Thing]:
    wanted = asked.get("state", "open"), asked["creator"]
    return [one for one in kept.issues if (one["state"], one["user"]["login"]) == wanted]


def open_issue(kept: Kept, asked: Thing) -> list[Thing]:
    made = {"number": 100 + len(kept.issues), "state": "open", "user": {"login": BOT}, **asked}
    kept.issues.append(made)
    return [made]


def change_issue(kept: Kept, asked: Thing, number: int) -> list[Thing]:
    return _changed(kept.issues, "number", number, asked)


def list_comments(kept: Kept, asked: Thing, number: int) -> list[Thing]:
    return [one for one in kept.comments if one["issue"] == number]


def add_comment(kept: Kept, asked: Thing, number: int) -> list[Thing]:
    made = {"id": 1000 + len(kept.comments), "issue": number, "user": {"login": BOT}, **asked}
    kept.comments.append(made)
    return [made]


def change_comment(kept: Kept, asked: Thing, number: int) -> list[Thing]:
    return _changed(kept.comments, "id", number, asked)


def _changed(things: list[Thing], key: str, number: int, asked: Thing) -> list[Thing]:
    for one in things:
        if one[key] == number and one["user"]["login"] == BOT:
            one.update(asked)
            return [one]
    raise NotFound(str(number))


ROUTES: dict[tuple[str, str], Callable[..., list[Thing]]] = {
    ("GET", ""): list_issues,
    ("POST", ""): open_issue,
    ("PATCH", r"/(\d+)"): change_issue,
    ("GET", r"/(\d+)/comments"): list_comments,
    ("POST", r"/(\d+)/comments"): add_comment,
    ("PATCH", r"/comments/(\d+)"): change_comment,
}


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gh api")
    for flag in ("--silent", "--paginate"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--method")
    parser.add_argument("--jq")
    parser.add_argument("-f", dest="raw", action="append", default=[])
    parser.add_argument("-F", dest="typed", action="append", default=[])
    parser.add_argument("endpoint")
    assert argv[0] == "api", argv
    return parser.parse_args(argv[1:])


def fields_of(asked: argparse.Namespace) -> Thing:
    fields = dict(field.split("=", 1) for field in asked.raw)
    for name, value in (field.split("=", 1) for field in asked.typed):
        assert value.startswith("@"), "gh takes other values for numbers, booleans and null where they look like one"
        fields[name] = Path(value[1:]).read_text()
    return fields


def refuse(why: str, code: int = 1) -> int:
    sys.stderr.write(f"gh: {why}\n")
    return code


def main() -> int:
    path, *argv = sys.argv[1:]
    if not os.environ.get("GH_TOKEN"):
        return refuse("To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable.", 4)
    kept, asked = Kept(Path(path)), parse(argv)
    fields = fields_of(asked)
    method = asked.method or ("POST" if fields else "GET")
    if len(fields.get("body", "")) > LONGEST:
        return refuse("Validation Failed (HTTP 422)")
    try:
        found = answer(kept, method, asked.endpoint, fields)
    except NotFound as missing:
        return refuse(f"Not Found (HTTP 404): {missing}")
    kept.save([method, asked.endpoint])
    pages = [found[begin : begin + PAGE] for begin in range(0, len(found), PAGE)] or [[]]
    for page in (pages if asked.paginate else pages[:1]) if not asked.silent else ():
        subprocess.run(["jq", "--raw-output", asked.jq or "."], input=json.dumps(page), text=True, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
