"""How long a model's build will take, by the last one of its kind on this machine."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from tilewright.verification.tools.cache import cache_directory

FIRST_RATE = 20e-6
"""Seconds a byte of Verilog where nothing was built yet: the 8x8 chip's 2.3 MB in 45 s."""


def expected_seconds(kind: str, sources: Mapping[str, str]) -> float:
    """Seconds that a build of these sources (Verilog by file name) will take.

    ``kind``: a name for the tools and their options, on which the time depends as well.
    """
    try:
        rate = float(json.loads(_place(kind).read_text()))
    except (OSError, ValueError, TypeError):
        rate = FIRST_RATE
    return rate * _size(sources)


def note_build(kind: str, sources: Mapping[str, str], seconds: float) -> None:
    """Keep what a build of these sources took, for the next one of its kind."""
    place = _place(kind)
    partial = place.with_name(f"{place.name}.{os.getpid()}")
    # The build is what counts: nothing is lost with this.
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(seconds / max(_size(sources), 1)))
        partial.replace(place)


def _place(kind: str) -> Path:
    return cache_directory() / "build_rates" / f"{kind}.json"


def _size(sources: Mapping[str, str]) -> int:
    return sum(len(text) for name, text in sources.items() if name.endswith((".v", ".sv")))
