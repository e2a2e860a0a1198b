"""A design's area as Yosys counts it; what was counted before is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import tilewright.verification.area
from tilewright.hw.spec.config import Config
from tilewright.sim.costs.area.estimate import area_table
from tilewright.sim.costs.area.parts import BLOCKS, SRAM, Area, block_of
from tilewright.sim.progress import Progress
from tilewright.verification.tools.cache import cached
from tilewright.verification.tools.description import source_key
from tilewright.verification.tools.silicon import GATED_BITS, SRAM_BITS, SRAM_PATHS, SRAM_WORDS

KIND = "area"
"""Folder of the cache."""

BLOCKS_FILE = "blocks.json"

_NUMBER = re.compile(r"\$\d+$")
"""What Amaranth puts behind the name of an instance that a signal has as well."""

FLOW = Path(tilewright.verification.area.__file__).parent
FLOW_FILES = ("synthesis.py", "map_gates.py", "cells_45nm.genlib")
"""How gates are counted. An area that another state of them counted is not known any more."""


def synthesise_area(config: Config, progress: Progress) -> Area:
    """The area counted from gates; from the cache, or by Yosys in about a minute.

    Raises TilewrightError when Yosys fails.
    """
    return _area(*mapped_blocks(config, progress))


def mapped_blocks(config: Config, progress: Progress) -> tuple[dict[str, float], dict[str, int]]:
    """Gate equivalents of logic and bits of SRAM by block, as `synthesise_area` counts them."""

    def count(folder: Path) -> None:
        from tilewright.verification.area.synthesis import synthesise_modules

        with progress.step("counting gates") as step:
            found = synthesise_modules(config, lambda text: setattr(step, "detail", text))
        logic, bits = dict.fromkeys(BLOCKS, 0.0), dict.fromkeys(BLOCKS, 0)
        for path, module in found.items():
            block = block_of(".".join(_NUMBER.sub("", name) for name in path))
            logic[block] += module.gates
            bits[block] += module.sram_bits
        used = {
            "logic": {name: ge for name, ge in logic.items() if ge},
            "sram_bits": {name: count for name, count in bits.items() if count},
        }
        (folder / BLOCKS_FILE).write_text(json.dumps(used))

    folder, _ = cached(KIND, _key(config), count)
    return _read(folder)


def _read(folder: Path) -> tuple[dict[str, float], dict[str, int]]:
    data = json.loads((folder / BLOCKS_FILE).read_text())
    return data["logic"], data["sram_bits"]


def _area(logic: Mapping[str, float], bits: Mapping[str, int]) -> Area:
    bit = area_table().sram_bit_ge
    return Area({**logic, **{name + SRAM: n * bit for name, n in bits.items()}}, "yosys")


def _key(config: Config) -> str:
    return source_key(config, *_flow())


@cache
def _flow() -> tuple[list[object], dict[str, list[str]]]:
    """How gates are counted, and to which block they belong."""
    texts = [(FLOW / name).read_text() for name in FLOW_FILES]
    rules = [SRAM_PATHS, SRAM_WORDS, SRAM_BITS, GATED_BITS]
    return [*texts, *rules, _NUMBER.pattern], {name: list(paths) for name, paths in BLOCKS.items()}
