"""Files that a user names, read whole: regular ones of sensible size only.

A device has no end, a pipe may have none who writes, and a file of any size fits no memory.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import shown


def read_file(path: Path, most: int, what: str) -> bytes:
    """All of a file of at most ``most`` bytes.

    ``what`` it should be is told where it is not: "a .tflite or .onnx file". Raises RequestError
    that names the file and the reason.
    """
    try:
        # A pipe without a writer would keep us waiting.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise RequestError(f"{shown(path)}: not a regular file: give {what}")
            content = file.read(most + 1) if about.st_size <= most else b""
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RequestError(f"{shown(path)}: cannot be read ({reason}): give {what}") from None
    if max(about.st_size, len(content)) > most:
        raise RequestError(
            f"{shown(path)}: {max(about.st_size, len(content))} bytes are more than it can have "
            f"({most}): give {what}"
        )
    return content


def read_text(path: Path, most: int, what: str) -> str:
    """A text in UTF-8, with or without a mark of that. Raises RequestError as `read_file`."""
    try:
        return read_file(path, most, what).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(f"{shown(path)}: is no text ({error}): give {what}") from None
