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
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.limits import require
from tilewright.hw.spec.memory_kinds import BURST_CYCLES, MAX_MEMORY_LATENCY, MemoryTiming
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.quoted import quoted
from tilewright.hw.spec.soc_config import HIGHEST_CLOCK, NO_HARDWARE, SocConfig

MOST_SHARED_BYTES = 256 * 1024
"""Of a main memory whose end is the scratchpad."""


@dataclass(frozen=True, init=False)
class Config:
    """Everything that describes a design: a preset, a TOML file, single fields, each over the last.

    `Config(rows=16, memory_latency=8)`, `Config("tiny", cols=8, scratchpad_bytes="64K")`.
    docs/configuration.md lists the fields; `PRESETS` has the presets. `flat` tells all values;
    the parts `npu` and `soc`, across which names are unique, hold them.

    Parameters
    ----------
    preset: a name of `PRESETS`.
    file: as `python -m sim config show` writes one.
    npu, soc: whole parts, in place of preset, file and fields; the default part where one is left
        out. A word for ``npu`` is the field of that name.
    fields: by name, as numbers or as the command line takes them ("64K", "50M").

    Raises RequestError for unknown presets and fields, with near names, and for what cannot be
    built, with the reason.
    """

    npu: NpuConfig
    soc: SocConfig

    def __init__(
        self,
        preset: str = "default",
        *,
        file: str | Path | None = None,
        npu: NpuConfig | str | None = None,
        soc: SocConfig | None = None,
        **fields: int | str,
    ) -> None:
        if isinstance(npu, str):
            fields["npu"], npu = npu, None
        if npu is None and soc is None:
            npu, soc = _parts(_values(preset, file, fields))
        elif preset != "default" or file is not None or fields:
            raise RequestError("Config(): give whole parts, or preset, file and fields, not both")
        object.__setattr__(self, "npu", _part("npu", npu, NpuConfig))
        object.__setattr__(self, "soc", _part("soc", soc, SocConfig))
        self._require_memory()

    def _require_memory(self) -> None:
        size, part = self.soc.memory_bytes, self.npu.scratchpad_bytes
        require(
            not self.shares_memory or (size <= MOST_SHARED_BYTES and size % part == 0),
            f"memory_bytes = {size}: must be a multiple of scratchpad_bytes ({part}), up to "
            f"{MOST_SHARED_BYTES}, with control = microcode",
        )
        self._require_timing("memory_", self.soc.main_memory)
        if self.soc.has_weight_memory:
            self._require_timing("weight_memory_", self.soc.weight_memory)

    def _require_timing(self, prefix: str, timing: MemoryTiming) -> None:
        bus = self.npu.bus_bytes
        word, answer = timing.word_cycles(bus), timing.answer_cycles(bus)
        require(
            answer <= MAX_MEMORY_LATENCY,
            f"{prefix}width_bits = {timing.width_bits}: a word of the bus (bus_bytes = {bus}) "
            f"takes {word} cycles and is there after {answer}, but the bus waits for "
            f"{MAX_MEMORY_LATENCY} at most; set a narrower bus or a wider memory",
        )
        held = timing.refresh_cycles + timing.miss_cycles + timing.write_cycles + word
        require(
            timing.refresh_period == 0 or timing.refresh_period > held,
            f"{prefix}refresh_period = {timing.refresh_period}: a refresh and an access take up to "
            f"{held} cycles; set a longer period",
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

    @property
    def memory_is_constant(self) -> bool:
        """Whether memory takes an access each cycle and answers each after the same time."""
        return (
            not self.soc.memory_contention
            and not self.soc.has_weight_memory
            and self.soc.main_memory.is_constant(self.npu.bus_bytes)
        )

    @property
    def answer_cycles(self) -> int:
        """The most from an accepted access to its answer."""
        bus = self.npu.bus_bytes
        main, weights = self.soc.main_memory, self.soc.weight_memory
        return max(main.answer_cycles(bus), weights.answer_cycles(bus))

    @property
    def access_cycles(self) -> int:
        """What an access to memory takes where all is against it."""
        bus = self.npu.bus_bytes
        main, weights = self.soc.main_memory, self.soc.weight_memory
        free = 100 - self.soc.memory_contention
        alone = max(main.access_cycles(bus), weights.access_cycles(bus))
        return -(-100 * alone // free) + (2 * BURST_CYCLES if free < 100 else 0)

    def flat(self) -> dict[str, int | str]:
        """Every field, defaults included, as one flat mapping; ``npu`` is the SoC's field."""
        return {**dataclasses.asdict(self.npu), **dataclasses.asdict(self.soc)}

    def hardware_key(self) -> str:
        """Hash of what the hardware is made from (`NO_HARDWARE` does not change the netlist)."""
        fields = {k: v for k, v in self.flat().items() if k not in NO_HARDWARE}
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
    npu, soc = _parts(typed_values(values, "configuration"))
    return Config(npu=npu, soc=soc)


def _parts(typed: Mapping[str, Any]) -> tuple[NpuConfig, SocConfig]:
    return (
        NpuConfig(**{k: v for k, v in typed.items() if k in _NPU_FIELDS}),
        SocConfig(**{k: v for k, v in typed.items() if k in _SOC_FIELDS}),
    )


def _part(name: str, given: Any, kind: type[NpuConfig | SocConfig]) -> NpuConfig | SocConfig:
    """A part as it was given, or the default one."""
    if given is None:
        return kind()
    if not isinstance(given, kind):
        raise RequestError(f"Config(): {name} = {quoted(given)}: must be a {kind.__name__}")
    return given


def _values(preset: Any, file: str | Path | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a call of `Config` sets."""
    # That module makes objects of this one's class.
    from tilewright.hw.spec.settings import load_values

    if not isinstance(preset, str):
        raise RequestError(f"Config(): preset = {quoted(preset)}: must be a name, such as 'tiny'")
    values = load_values(preset, None if file is None else Path(file))
    return values | typed_values(fields, "Config()")


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
    # Those of NumPy are Integral and no int.
    if isinstance(number, bool) or not isinstance(number, Integral):
        raise RequestError(f"{source}: {key} = {quoted(value)}: must be a whole number")
    number = int(number)
    if abs(number) > _LARGEST_NUMBER:
        raise RequestError(f"{source}: {key}: has more digits than any number of a configuration")
    return number


_SIZES = {"K": 1 << 10, "M": 1 << 20}
_CLOCKS = {"K": 1_000, "M": 1_000_000, "G": 1_000_000_000}
"""What a letter behind a number of bytes, or of hertz, stands for."""


def _whole(text: str, key: str, source: str) -> int:
    """A whole number as it is typed: 65536, 0x10000, 64_000, or 64K where bytes are counted."""
    letters = _SIZES if key.endswith("_bytes") else _CLOCKS if key.endswith("_hz") else {}
    if letters is _CLOCKS and text.lower() == "max":
        return HIGHEST_CLOCK
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
