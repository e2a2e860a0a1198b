"""Where a configuration's values come from.

A preset, then a TOML file, then ``KEY=VALUE`` pairs, each overriding the one before.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tilewright.hw.spec.config import Config, make_config, typed_values
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import quoted, shown
from tilewright.hw.spec.user_files import read_text

PRESETS: Mapping[str, Mapping[str, int | str]] = {
    "default": {},
    "tiny": {
        "rows": 4,
        "cols": 4,
        "scratchpad_bytes": 32 * 1024,
        "weight_buffer_bytes": 8 * 1024,
        "cpu": "lite",
    },
    "wide": {"rows": 16, "cols": 16, "bus_bytes": 16, "scratchpad_bytes": 128 * 1024},
    "low-memory": {"scratchpad_bytes": 16 * 1024, "weight_buffer_bytes": 8 * 1024},
    "cpu-only": {"npu": "none"},
    "icebreaker": {
        "control": "microcode",
        "rows": 4,
        "cols": 16,
        "accumulator_bits": 24,
        "bus_bytes": 4,
        "scratchpad_bytes": 32 * 1024,
        "cpu": "min",
        "memory_bytes": 128 * 1024,
        "memory_latency": 3,
        "clock_hz": 12_000_000,
    },
}
"""Named starting points: overrides of the defaults."""


_LARGEST_TOML = 1 << 20
"""Bytes."""


def _read_toml(path: Path) -> dict[str, Any]:
    text = read_text(path, _LARGEST_TOML, "a TOML file of keys and values")
    try:
        table = tomllib.loads(text)
    # Beside its own errors: integers of thousands of digits, and brackets in brackets.
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{shown(path)}: is not a TOML file: {error}") from None
    nested = [key for key, value in table.items() if isinstance(value, dict)]
    if nested:
        raise RequestError(
            f"{shown(path)}: has a table [{shown(nested[0])}]; keys stand at the top level"
        )
    return table


def load_values(
    preset: str = "default", toml: Path | None = None, sets: Sequence[str] = ()
) -> dict[str, int | str]:
    """What a preset, then a TOML file, then ``KEY=VALUE`` strings set, one overriding the other.

    Fields that nobody sets are missing, so that those derived from others still can be. Raises
    `RequestError` for unknown keys and wrong types.
    """
    if preset not in PRESETS:
        near = difflib.get_close_matches(preset, PRESETS, n=2, cutoff=0.3)
        raise RequestError(
            f"preset {quoted(preset)} does not exist; "
            + (f"did you mean {' or '.join(near)}?" if near else f"presets: {', '.join(PRESETS)}")
        )
    values: dict[str, int | str] = dict(PRESETS[preset])
    if toml is not None:
        values |= typed_values(_read_toml(toml), str(toml))
    for item in sets:
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise RequestError(f"--set {quoted(item)}: must read KEY=VALUE")
        values |= typed_values({key.strip(): value.strip()}, "--set")
    return values


def load_config(
    preset: str = "default", toml: Path | None = None, sets: Sequence[str] = ()
) -> Config:
    """The configuration of `load_values`. Raises `RequestError`."""
    return make_config(load_values(preset, toml, sets))
