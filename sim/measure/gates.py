"""A design's gates and registers as Yosys counts them; what was counted before is kept."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tilewright.verification.area
from tilewright.hw.spec.config import Config
from tilewright.sim.costs.area.estimate import area_table
from tilewright.sim.costs.area.parts import BLOCKS, SRAM, Area, Clocked, block_of
from tilewright.sim.progress import Progress
from tilewright.verification.tools.cache import cached
from tilewright.verification.tools.description import source_key
from tilewright.verification.tools.silicon import GATED_BITS, SRAM_BITS, SRAM_PATHS, SRAM_WORDS

KIND = "area"
"""Folder of the cache."""

BLOCKS_FILE = "blocks.json"

_NUMBER = re.compile(r"\$\d+$")
"""What Amaranth puts behind the name of an instance that a signal has as well."""

_CLOCKED = tuple(field.name for field in dataclasses.fields(Clocked))

FLOW = Path(tilewright.verification.area.__file__).parent
FLOW_FILES = ("synthesis.py", "map_gates.py", "cells_45nm.genlib")
"""How gates are counted. An area that another state of them counted is not known any more."""


@dataclass(frozen=True)
class MappedBlocks:
    """What a design was mapped to, by block.

    Attributes:
        logic: gate equivalents.
        sram_bits: of blocks that have SRAM.
        clocked: registers and clock gates.
    """

    logic: Mapping[str, float]
    sram_bits: Mapping[str, int]
    clocked: Mapping[str, Clocked]


def synthesise_area(config: Config, progress: Progress) -> Area:
    """The area counted from gates; from the cache, or by Yosys in about a minute.

    Raises TilewrightError when Yosys fails.
    """
    found = mapped_blocks(config, progress)
    bit = area_table().sram_bit_ge
    sram = {name + SRAM: bits * bit for name, bits in found.sram_bits.items()}
    return Area({**found.logic, **sram}, "yosys")


def mapped_blocks(config: Config, progress: Progress) -> MappedBlocks:
    """Gates, SRAM and registers by block; from the cache, or by Yosys in about a minute.

    Raises TilewrightError when Yosys fails.
    """

    def count(folder: Path) -> None:
        from tilewright.verification.area.synthesis import synthesise_modules

        with progress.step("counting gates") as step:
            found = synthesise_modules(config, lambda text: setattr(step, "detail", text))
        logic = dict.fromkeys(BLOCKS, 0.0)
        bits = Counter[str]()
        clocked = {name: Counter[str]() for name in BLOCKS}
        for path, module in found.items():
            block = block_of(".".join(_NUMBER.sub("", name) for name in path))
            logic[block] += module.gates
            bits[block] += module.sram_bits
            for kind in _CLOCKED:
                clocked[block][kind] += getattr(module, kind)
        used = {
            "logic": {name: ge for name, ge in logic.items() if ge},
            "sram_bits": {name: count for name, count in bits.items() if count},
            "clocked": {name: clocked[name] for name, ge in logic.items() if ge},
        }
        (folder / BLOCKS_FILE).write_text(json.dumps(used))

    folder, _ = cached(KIND, _key(config), count)
    return _read(folder)


def _read(folder: Path) -> MappedBlocks:
    data = json.loads((folder / BLOCKS_FILE).read_text())
    clocked = {name: Clocked(**numbers) for name, numbers in data["clocked"].items()}
    return MappedBlocks(data["logic"], data["sram_bits"], clocked)


def _key(config: Config) -> str:
    return source_key(config, *_flow())


@cache
def _flow() -> tuple[list[object], dict[str, list[str]]]:
    """How gates are counted, and to which block they belong."""
    texts = [(FLOW / name).read_text() for name in FLOW_FILES]
    rules = [SRAM_PATHS, SRAM_WORDS, SRAM_BITS, GATED_BITS]
    return [*texts, *rules, _NUMBER.pattern], {name: list(paths) for name, paths in BLOCKS.items()}
