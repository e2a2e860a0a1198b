"""What is signed of a Program, and the file that holds the signature."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.program import MOST_RELEASE
from tilewright.hw.spec.quoted import shown
from tilewright.hw.spec.user_files import read_text
from tilewright.sim.command import command_line

CONTEXT = b"Tilewright Program 1\n"
"""Before the image: a signature of a Program is one of nothing else."""

SIGNATURE_BYTES = 64
MOST_BYTES = 4096


@dataclass(frozen=True)
class Signature:
    """The release that was signed, and the signature (RFC 8032) of CONTEXT and the sealed image."""

    release: int
    value: bytes

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps({"release": self.release, "ed25519": self.value.hex()}) + "\n"


def signed(image: bytes) -> bytes:
    """What a signature of a sealed image is of."""
    return CONTEXT + image


def read_signature(path: Path) -> Signature:
    """Read a file of `Signature.to_json`. Raises RequestError where it is none."""
    text = read_text(path, MOST_BYTES, _what())
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    release = value = None
    if isinstance(found, dict):
        told = cast("dict[str, Any]", found)
        release, value = told.get("release"), told.get("ed25519")
    if type(release) is not int or not 0 <= release <= MOST_RELEASE or not isinstance(value, str):
        raise RequestError(f"{shown(path)}: is no signature: give {_what()}")
    try:
        data = bytes.fromhex(value)
    except ValueError:
        data = b""
    if len(data) != SIGNATURE_BYTES:
        raise RequestError(f"{shown(path)}: its signature is damaged: give {_what()}")
    return Signature(release, data)


def _what() -> str:
    return f"a signature that `{command_line(['sign'])}` has written"
