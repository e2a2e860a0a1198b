"""Addresses in main memory of buffers and of what a run writes down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.profile import RECORD_BYTES
from tilewright.hw.spec.program import TIME_WORDS
from tilewright.hw.spec.registers import MEMORY_BASE, program_base
from tilewright.mapper.memory import ALIGNMENT, align, pack
from tilewright.mapper.placement.lifetimes import Lifetimes


@dataclass(frozen=True)
class Homes:
    """``buffers`` by name; ``start`` is the lowest address used, behind which the image ends."""

    buffers: Mapping[str, int]
    start: int
    profile: int
    times: int
    total: int


class Counts(NamedTuple):
    """Layers of a program, the profile records that they write, and its steps at the most."""

    layers: int
    records: int
    steps: int


def plan_homes(
    network: str, lives: Lifetimes, resident: set[str], counts: Counts, config: Config
) -> Homes:
    """Buffers at the top of main memory, with the run's records below them.

    Raises RequestError when the tensors alone do not fit.
    """
    blocks = lives.homes(resident, counts.layers)
    records = (
        align(RECORD_BYTES * counts.records, ALIGNMENT),
        align(4 * TIME_WORDS * counts.steps, ALIGNMENT),
    )
    limit = MEMORY_BASE + config.main_memory_bytes
    room = limit - program_base(config.soc) - sum(records) - ALIGNMENT
    packed = pack(blocks, room, ALIGNMENT)
    if packed is None:
        largest = max(blocks, key=lambda block: block.bytes)
        raise RequestError(
            f"network '{network}': its tensors do not fit main memory; the largest, "
            f"'{largest.name}', has {largest.bytes} bytes, and memory_bytes = "
            f"{config.soc.memory_bytes} leaves {room}; enlarge memory_bytes"
        )
    size = max((packed[block.name] + block.bytes for block in blocks), default=0)
    base = limit - align(size, ALIGNMENT)
    start = base - sum(records) - ALIGNMENT
    homes = {name: base + offset for name, offset in packed.items()}
    return Homes(
        homes | {name: homes[before] for name, before in lives.shared.items()},
        start,
        start,
        start + records[0],
        start + sum(records),
    )
