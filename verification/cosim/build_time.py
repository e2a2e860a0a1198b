"""How long a model's build will take, by the last one on this machine."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping

from tilewright.verification.tools.cache import cache_directory

FIRST_RATE = 20e-6
"""Seconds a byte of Verilog where nothing was built yet: the 8x8 chip's 2.3 MB in 45 s."""

_FILE = "build_rate.json"
_KEY = "seconds_per_byte"


def expected_seconds(sources: Mapping[str, str]) -> float:
    """Seconds that a build of these sources (Verilog by file name) will take."""
    try:
        rate = float(json.loads((cache_directory() / _FILE).read_text())[_KEY])
    except (OSError, ValueError, TypeError, KeyError):
        rate = FIRST_RATE
    return rate * _size(sources)


def note_build(sources: Mapping[str, str], seconds: float) -> None:
    """Keep what a build of these sources took, for the next one."""
    place = cache_directory() / _FILE
    partial = place.with_name(f"{_FILE}.{os.getpid()}")
    # The build is what counts: nothing is lost with this.
    with contextlib.suppress(OSError):
        partial.write_text(json.dumps({_KEY: seconds / max(_size(sources), 1)}))
        partial.replace(place)


def _size(sources: Mapping[str, str]) -> int:
    return sum(len(text) for name, text in sources.items() if name.endswith((".v", ".sv")))
