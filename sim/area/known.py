"""A design's area as Yosys counted it, if it has, and as estimated if it has not."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from hw.spec.config import Config
from sim.area.estimate import area_table, estimate_area
from sim.area.parts import BLOCKS, SRAM, Area, block_of
from sim.progress import Progress
from verification.cache import cache_directory, cached

KIND = "area"
"""Folder of the cache."""


def known_area(config: Config) -> Area:
    """The synthesised area if it is in the cache, else the estimate. Loads no HDL."""
    key = _key(config)
    if (cache_directory() / KIND / key).is_dir():
        return _read(cache_directory() / KIND / key)
    return estimate_area(config)


def synthesise_area(config: Config, progress: Progress) -> Area:
    """The area counted from gates; from the cache, or by Yosys in about a minute.

    Raises TilewrightError when Yosys fails.
    """

    def count(folder: Path) -> None:
        from verification.area_synthesis import synthesise_modules

        with progress.step("counting gates") as step:
            found = synthesise_modules(config, lambda text: setattr(step, "detail", text))
        logic, bits = dict.fromkeys(BLOCKS, 0.0), dict.fromkeys(BLOCKS, 0)
        for path, module in found.items():
            block = block_of(".".join(path))
            logic[block] += module.gates
            bits[block] += module.sram_bits
        (folder / "area.json").write_text(json.dumps({"logic": logic, "sram_bits": bits}))

    folder, _ = cached(KIND, _key(config), count)
    return _read(folder)


def _read(folder: Path) -> Area:
    data = json.loads((folder / "area.json").read_text())
    bit = area_table().sram_bit_ge
    parts: dict[str, float] = {name: ge for name, ge in data["logic"].items() if ge}
    parts |= {name + SRAM: bits * bit for name, bits in data["sram_bits"].items() if bits}
    return Area(parts, "yosys")


def _key(config: Config) -> str:
    return hashlib.sha256(f"{config.hardware_key()} {_flow()}".encode()).hexdigest()[:16]


@cache
def _flow() -> str:
    """Hash of the hardware's sources, and of how its gates are counted."""
    from verification.build import DESCRIPTION, HERE, versions

    flow = [(HERE / name).read_text() for name in ("map_gates.py", "cells_45nm.genlib")]
    blocks = {name: list(paths) for name, paths in BLOCKS.items()}
    return hashlib.sha256(json.dumps([DESCRIPTION, versions(), flow, blocks]).encode()).hexdigest()
