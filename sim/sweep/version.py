"""Which state of the sources figures come from."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parents[2]
FOLDERS = ("hw", "mapper", "sim", "firmware", "verification")


@cache
def source_version() -> str:
    """Hash of the files that a point's figures may depend on."""
    whole = hashlib.sha256()
    for folder in FOLDERS:
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                whole.update(path.relative_to(PROJECT).as_posix().encode() + b"\0")
                whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:16]
