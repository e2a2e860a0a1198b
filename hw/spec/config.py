"""Configuration of a whole design: the accelerator and the system around it.

Two frozen dataclasses hold every parameter; `Config` joins them.
A value that cannot be built is refused here, with the reason, before anything starts.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.limits import require
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.quoted import quoted
from tilewright.hw.spec.soc_config import SocConfig

MOST_SHARED_BYTES = 256 * 1024
"""Of a main memory whose end is the scratchpad."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that describes a design. Field names are unique across the two parts."""

    npu: NpuConfig = field(default_factory=NpuConfig)
    soc: SocConfig = field(default_factory=SocConfig)

    def __post_init__(self) -> None:
        size, part = self.soc.memory_bytes, self.npu.scratchpad_bytes
        require(
            not self.shares_memory or (size <= MOST_SHARED_BYTES and size % part == 0),
            f"memory_bytes = {size}: must be a multiple of scratchpad_bytes ({part}), up to "
            f"{MOST_SHARED_BYTES}, with control = microcode",
        )

    @property
    def shares_memory(self) -> bool:
        """Whether the scratchpad is the end of main memory."""
        return self.soc.npu != "none" and self.npu.microcode

    @property
    def has_checker(self) -> bool:
        """Whether there is a CHECKER: beside the hardwired accelerator. Smaller chips lack room."""
        return self.soc.npu != "none" and not self.npu.microcode

    @property
    def main_memory_bytes(self) -> int:
        """Main memory without the scratchpad."""
        return self.soc.memory_bytes - self.shares_memory * self.npu.scratchpad_bytes

    def flat(self) -> dict[str, int | str]:
        """Every field, defaults included, as one flat mapping; ``npu`` is the SoC's field."""
        return {**dataclasses.asdict(self.npu), **dataclasses.asdict(self.soc)}

    def hardware_key(self) -> str:
        """Hash of what the hardware is made from (the clock does not change the netlist)."""
        fields = {k: v for k, v in self.flat().items() if k != "clock_hz"}
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]


_NPU_FIELDS = {f.name: f for f in dataclasses.fields(NpuConfig)}
_SOC_FIELDS = {f.name: f for f in dataclasses.fields(SocConfig)}
FIELDS: tuple[str, ...] = (*_NPU_FIELDS, *_SOC_FIELDS)
"""Every key that ``--set`` and a TOML file accept."""


def make_config(values: Mapping[str, Any]) -> Config:
    """Build a `Config` from a flat mapping of overrides.

    Raises `RequestError` that names the key for unknown keys, wrong types and values that cannot
    be built.
    """
    typed: dict[str, Any] = {**typed_values(values, "configuration")}
    return Config(
        npu=NpuConfig(**{k: v for k, v in typed.items() if k in _NPU_FIELDS}),
        soc=SocConfig(**{k: v for k, v in typed.items() if k in _SOC_FIELDS}),
    )


def typed_values(values: Mapping[str, Any], source: str) -> dict[str, int | str]:
    """The values as their fields' types; a RequestError names ``source``."""
    typed: dict[str, int | str] = {}
    for key, value in values.items():
        if key not in FIELDS:
            near = difflib.get_close_matches(key, FIELDS, n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else f"keys: {', '.join(FIELDS)}"
            raise RequestError(f"{source}: unknown key {quoted(key)}; {hint}")
        type_name = str((_NPU_FIELDS.get(key) or _SOC_FIELDS[key]).type)
        typed[key] = _typed(value, type_name, key, source)
    return typed


_LARGEST_NUMBER = 10**100
"""Far beyond every limit; of much larger ones Python does not even make a text."""


def _typed(value: Any, type_name: str, key: str, source: str) -> int | str:
    if type_name == "str":
        if isinstance(value, str) and value.isprintable():
            return value
        raise RequestError(f"{source}: {key} = {quoted(value)}: must be a word")
    if type_name == "bool":
        words = {"true": True, "false": False}
        named = words.get(value.lower(), value) if isinstance(value, str) else value
        if named in (0, 1):
            return bool(named)
        raise RequestError(f"{source}: {key} = {quoted(value)}: must be true or false")
    number = value
    if isinstance(value, str):
        number = _whole(value, key, source)
    if isinstance(number, bool) or not isinstance(number, int):
        raise RequestError(f"{source}: {key} = {quoted(value)}: must be a whole number")
    if abs(number) > _LARGEST_NUMBER:
        raise RequestError(f"{source}: {key}: has more digits than any number of a configuration")
    return number


_SIZES = {"K": 1 << 10, "M": 1 << 20}
_CLOCKS = {"K": 1_000, "M": 1_000_000, "G": 1_000_000_000}
"""What a letter behind a number of bytes, or of hertz, stands for."""


def _whole(text: str, key: str, source: str) -> int:
    """A whole number as it is typed: 65536, 0x10000, 64_000, or 64K where bytes are counted."""
    letters = _SIZES if key.endswith("_bytes") else _CLOCKS if key.endswith("_hz") else {}
    letter = text[-1:].upper()
    # Behind 0x, every letter is a digit or wrong.
    factor = 1 if text[:2].lower() == "0x" else letters.get(letter, 1)
    try:
        return factor * int((text[:-1] if factor > 1 else text).replace("_", ""), 0)
    except ValueError:
        also = f", which may end in {' or '.join(letters)}" if letters else ""
        raise RequestError(
            f"{source}: {key} = {quoted(text)}: must be a whole number{also}"
        ) from None
