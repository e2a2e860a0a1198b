"""Which Tilewright this is: its version, and the commit that its sources are from."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

VERSION = "0.1.0"

_SOURCES = Path(__file__).resolve().parents[1]


@cache
def commit() -> str | None:
    """The commit's hash, with ``-dirty`` behind it where sources differ; None where nobody knows.

    A checkout is asked by git. An installed package knows the commit that pip took it from, if it
    took it from a repository.
    """
    return _of_checkout() if (_SOURCES / ".git").exists() else _of_package()


def origin() -> dict[str, str | None]:
    """What every JSON document says of its writer."""
    return {"version": VERSION, "commit": commit()}


def origin_line() -> str:
    """The same in words, for pages and ``--version``."""
    known = commit()
    return f"Tilewright {VERSION}" + (f", commit {known}" if known else "")


def _of_checkout() -> str | None:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude", "*"]
    try:
        found = subprocess.run(command, cwd=_SOURCES, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None  # no git, or a repository of another user that it refuses to read
    return found.stdout.strip() or None


def _of_package() -> str | None:
    """What pip wrote down (PEP 610)."""
    try:
        text = metadata.distribution("tilewright").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None
    return json.loads(text or "{}").get("vcs_info", {}).get("commit_id")
