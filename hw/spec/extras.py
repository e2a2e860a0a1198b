"""Packages that some of Tilewright's features need and that it does not install by itself."""

from __future__ import annotations

import importlib.metadata
import re

_PROJECT = "tilewright"


def install_command(extra: str) -> str:
    """What installs an extra, wherever Tilewright itself came from: its packages by their names.

    Of a checkout that nobody has installed, whose metadata pip has not made, the checkout's own.
    """
    try:
        listed = importlib.metadata.requires(_PROJECT) or []
    except importlib.metadata.PackageNotFoundError:
        listed = []
    of_extra = re.compile(rf"""([^;\s]+)\s*;\s*extra == ['"]{extra}['"]""")
    packages = [found[1] for line in listed if (found := of_extra.fullmatch(line))]
    if not packages:
        return f"pip install -e '.[{extra}]' in the checkout"
    return f"pip install {' '.join(repr(package) for package in packages)}"
