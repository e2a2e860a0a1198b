"""MOVE on the scratchpad, with checks that no byte depends on the order of accesses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.commands import MOVE_LOOPS, Command
from tilewright.hw.spec.errors import CheckError
from tilewright.sim.functional.hazards import Access
from tilewright.sim.functional.memory import Memory

Span = tuple[int, int]


def move(command: Command, scratchpad: Memory) -> Access:
    """Copy runs of bytes, or fill them."""
    if command["run_bytes"] < 1 or any(extent < 1 for extent in _extents(command)):
        raise CheckError("has a run or a loop of no length")
    targets, written = _places(command, "output", scratchpad)
    if len(np.unique(targets)) != targets.size:
        raise CheckError("writes a byte twice")
    if command["fill"]:
        scratchpad.data[targets] = command["value"]
        return Access(writes=(written,))
    sources, read = _places(command, "input", scratchpad)
    if np.isin(sources, targets).any():
        raise CheckError("writes over a byte that it reads")
    scratchpad.data[targets] = scratchpad.data[sources]
    return Access(reads=(read,), writes=(written,))


def _extents(command: Command) -> list[int]:
    return [command[f"extent_{loop}"] for loop in range(MOVE_LOOPS)]


def _places(command: Command, side: str, scratchpad: Memory) -> tuple[NDArray[np.intp], Span]:
    """Indices of all bytes in the order of the loops, and (first, behind the last) address."""
    offsets = np.arange(command["run_bytes"])
    for loop, extent in enumerate(_extents(command)):
        turns = np.arange(extent) * command[f"{side}_pitch_{loop}"]
        offsets = (turns[:, None] + offsets).reshape(-1)
    address = command[f"{side}_address"]
    first, last = address + int(offsets.min()), address + int(offsets.max())
    start = scratchpad.offset(first, last - first + 1)
    return offsets + (start + address - first), (first, last + 1)
