"""Configurations on which the model is held against the chip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config


@dataclass(frozen=True)
class Design:
    """A configuration by what it sets over a preset."""

    name: str
    sets: tuple[str, ...] = ()
    preset: str = "default"

    @property
    def config(self) -> Config:
        """Raises RequestError where a value cannot be built."""
        return load_config(self.preset, sets=self.sets)

    @property
    def settings(self) -> str:
        """What it sets, in a line."""
        preset = () if self.preset == "default" else (f"preset {self.preset}",)
        return ", ".join((*preset, *self.sets)) or "the default"


def _design(name: str, settings: str = "", preset: str = "default") -> Design:
    return Design(name, tuple(settings.split()), preset)


DERIVED = (
    _design("8x8"),
    _design("4x4", "rows=4 cols=4"),
    _design("6x10", "rows=6 cols=10"),
    _design("16x16", "rows=16 cols=16"),
    _design("8x8-s16", preset="low-memory"),
    _design("4x8-b4", "rows=4 cols=8 bus_bytes=4"),
    _design("8x8-b4-l30", "bus_bytes=4 memory_latency=30"),
    _design("8x4-b16-l20", "rows=8 cols=4 bus_bytes=16 memory_latency=20"),
    _design("16x8-b16-w8", "rows=16 cols=8 bus_bytes=16 weight_buffer_bytes=8192"),
    _design("16x16-b32-s128", "rows=16 cols=16 bus_bytes=32 scratchpad_bytes=131072"),
    _design(
        "10x5-l3-w4",
        "rows=10 cols=5 memory_latency=3 scratchpad_bytes=32768 weight_buffer_bytes=4096",
    ),
    _design(
        "4x6-l12-s16-w2",
        "rows=4 cols=6 memory_latency=12 scratchpad_bytes=16384 weight_buffer_bytes=2048",
    ),
    _design("12x6-l64", "rows=12 cols=6 memory_latency=64"),
    _design("5x7-l1-k2", "rows=5 cols=7 memory_latency=1 scratchpad_banks=2"),
    _design("32x4-w64", "rows=32 cols=4 weight_buffer_bytes=65536"),
    _design("2x16-w1", "rows=2 cols=16 weight_buffer_bytes=1024"),
)
"""Rows, columns, scratchpad, banks, weight buffer, bus and latency; the CPU is `full`."""

OTHER_CPUS = (
    _design("4x4-lite", "rows=4 cols=4 cpu=lite"),
    _design("4x4-standard", "rows=4 cols=4 cpu=standard"),
    _design("4x4-imac", "rows=4 cols=4 cpu=imac"),
)

WITHOUT_NPU = (Design("cpu-only", preset="cpu-only"),)

QUICK = DERIVED[:2]
"""What the tests run: designs that other tests build anyway."""


ALL = (*DERIVED, *OTHER_CPUS, *WITHOUT_NPU)


def chosen_designs(texts: Sequence[str] | None, *, quick: bool) -> tuple[Design, ...]:
    """Those of the command line: names of the set or settings; the set where there are none.

    Raises RequestError for a text that is neither.
    """
    if texts:
        return tuple(_parse(text) for text in texts)
    return QUICK if quick else ALL


def _parse(text: str) -> Design:
    """A name, or ``KEY=VALUE,KEY=VALUE`` over the default."""
    for design in ALL:
        if design.name == text:
            return design
    if "=" not in text:
        names = ", ".join(design.name for design in ALL)
        raise RequestError(f"--design {text}: is neither KEY=VALUE nor one of {names}")
    design = Design(text, tuple(part.strip() for part in text.split(",")))
    try:
        _ = design.config
    except RequestError as error:
        raise RequestError(f"--design {text}: {error}") from None
    return design
