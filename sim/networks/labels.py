"""Names of classes, one a line of a text file."""

from __future__ import annotations

from pathlib import Path

from hw.spec.errors import RequestError

_LARGEST = 1 << 20
"""Bytes of a file of labels."""


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the lines of a file. Raises RequestError where it is not a text of sensible size."""
    try:
        if path.stat().st_size > _LARGEST:
            raise RequestError(f"{path}: is larger than a file of labels, one a line, can be")
        lines = path.read_text().splitlines()
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise RequestError(f"{path}: is no text: give a file with one label a line") from None
    return tuple("".join(c if c.isprintable() else "?" for c in line.strip()) for line in lines)
