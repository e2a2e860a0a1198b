"""Arguments of the wrong kind, refused where they come in and with what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import quoted
from tilewright.sim.costs.clock import with_clock


def require_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise RequestError where ``value`` is none of the ``choices``, with the nearest one."""
    if value in choices:
        return
    near = difflib.get_close_matches(value, choices, n=1) if isinstance(value, str) else []
    hint = f"did you mean {quoted(near[0])}? " if near else ""
    listed = ", ".join(map(quoted, choices))
    raise RequestError(f"{name} = {quoted(value)}: is none; {hint}choose of {listed}")


def require_mapping(name: str, value: object) -> None:
    """Raise RequestError where what is neither None nor a mapping stands for values by name."""
    if value is not None and not isinstance(value, Mapping):
        raise RequestError(f"{name} = {quoted(value)}: must be a mapping, such as {{'rows': 4}}")


def hardware(config: Any, name: str = "config") -> Config:
    """The configuration that was given, the preset "default" for None.

    Raises RequestError for what is none; of a preset's name it says how to make one.
    """
    if config is None:
        return Config()
    if isinstance(config, Config):
        return with_clock(config)
    made = f"tilewright.Config({quoted(config)})" if isinstance(config, str) else ""
    raise RequestError(
        f"{name} = {quoted(config)}: is no configuration; give {made or 'a tilewright.Config'}"
    )
