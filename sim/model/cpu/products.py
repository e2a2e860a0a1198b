"""Loads of the loops that sum products and rescale them: of all weighted operators."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim.model.cpu.cache import Addresses
from sim.model.cpu.paths import UNROLL, Values
from sim.model.cpu.spills import Block


def flat(values: Addresses, axes: int) -> Addresses:
    """All axes but the first ``axes`` as one."""
    return values.reshape(*values.shape[:axes], math.prod(values.shape[axes:]))


def around(before: Addresses, values: Addresses, behind: Addresses) -> Addresses:
    """``values`` with the same loads before and behind each of its last axis."""
    shape = values.shape[:-1]
    return np.concatenate(
        [
            np.broadcast_to(before, (*shape, before.size)),
            values,
            np.broadcast_to(behind, (*shape, behind.size)),
        ],
        axis=-1,
    )


def rescaling(v: Values, block: Block, frame: int, first: Addresses) -> Addresses:
    """Loads that turn the sums of ``block.channels`` channels from each of ``first`` into bytes."""
    fixed: list[int] = [frame + offset for offset in block.start]
    moves = [0] * len(fixed)
    for channel, spilled in enumerate(block.rescale):
        fixed += [v[table] + 4 * channel for table in ("bias", "multipliers", "shifts")]
        moves += [4, 4, 4] + [0] * len(spilled)
        fixed += [frame + offset for offset in spilled]
    return np.array(fixed, np.int64) + first[:, None] * np.array(moves, np.int64)


def channel_loads(
    v: Values, block: Block, frame: int, first: Addresses, rows: Addresses
) -> Addresses:
    """Everything for the channels from each of ``first`` on. ``rows``: (first, rows, loads)."""
    row, row_end, before = (
        spilled(frame, offsets) for offsets in (block.row, block.row_end, block.before)
    )
    window = flat(around(row, rows, row_end), 1)
    return np.concatenate(
        [around(before, window, before[:0]), rescaling(v, block, frame, first)], axis=-1
    ).ravel()


def spilled(frame: int, offsets: Sequence[int]) -> Addresses:
    """Addresses of spilled words."""
    return frame + np.array(offsets, np.int64)


def run_loads(streams: Addresses, run: int, block: Block, frame: int) -> Addresses:
    """``run`` bytes of each stream, chunk by chunk: (..., streams) -> (..., loads)."""
    lead = streams.shape[:-1]
    whole = run - run % UNROLL
    ends = np.array([0, UNROLL - 1])
    walked = streams[..., None, :, None] + np.arange(0, whole, UNROLL)[:, None, None] + ends
    chunks = around(
        spilled(frame, block.chunk), flat(walked, len(lead) + 1), spilled(frame, block.chunk_end)
    )
    tail = streams[..., None, :] + np.arange(whole, run)[:, None]
    return np.concatenate([flat(chunks, len(lead)), flat(tail, len(lead))], axis=-1)
