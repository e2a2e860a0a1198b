"""Names of classes, one a line of a text file."""

from __future__ import annotations

from pathlib import Path

from tilewright.hw.spec.quoted import printable
from tilewright.hw.spec.user_files import read_text

_LARGEST = 1 << 20
"""Bytes of a file of labels."""


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the lines of a file. Raises RequestError where it is not a text of sensible size."""
    lines = read_text(path, _LARGEST, "a text with one label a line").splitlines()
    return tuple(printable(line.strip()) for line in lines)
