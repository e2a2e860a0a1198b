"""A design's area as Yosys counted it, if it has, and as estimated if it has not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import verification.area
from hw.spec.config import Config
from sim.area.estimate import area_table, estimate_area
from sim.area.parts import BLOCKS, SRAM, Area, block_of
from sim.progress import Progress
from verification.tools.cache import cache_directory, cached
from verification.tools.description import source_key

KIND = "area"
"""Folder of the cache."""

BLOCKS_FILE = "blocks.json"

FLOW = Path(verification.area.__file__).parent
FLOW_FILES = ("synthesis.py", "map_gates.py", "cells_45nm.genlib")
"""How gates are counted. An area that another state of them counted is not
known any more."""


def known_area(config: Config) -> Area:
    """The synthesised area if it is in the cache, else the estimate. Loads no HDL."""
    folder = cache_directory() / KIND / _key(config)
    return _area(*_read(folder)) if folder.is_dir() else estimate_area(config)


def synthesise_area(config: Config, progress: Progress) -> Area:
    """The area counted from gates; from the cache, or by Yosys in about a minute.

    Raises TilewrightError when Yosys fails.
    """
    return _area(*mapped_blocks(config, progress))


def mapped_blocks(config: Config, progress: Progress) -> tuple[dict[str, float], dict[str, int]]:
    """Gate equivalents of logic and bits of SRAM by block, as `synthesise_area` counts them."""

    def count(folder: Path) -> None:
        from verification.area.synthesis import synthesise_modules

        with progress.step("counting gates") as step:
            found = synthesise_modules(config, lambda text: setattr(step, "detail", text))
        logic, bits = dict.fromkeys(BLOCKS, 0.0), dict.fromkeys(BLOCKS, 0)
        for path, module in found.items():
            block = block_of(".".join(path))
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
def _flow() -> tuple[list[str], dict[str, list[str]]]:
    """How gates are counted, and to which block they belong."""
    texts = [(FLOW / name).read_text() for name in FLOW_FILES]
    return texts, {name: list(paths) for name, paths in BLOCKS.items()}
