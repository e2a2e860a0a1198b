"""A rearrangement that no operator of its own describes: what is left of a chain of views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.steps import GATHER
from tilewright.mapper.graph.operator import Cpu, Shape, Site, Steps
from tilewright.mapper.moves.copy import Move
from tilewright.mapper.moves.views import Offsets, offsets_of, view_moves
from tilewright.mapper.operators.images import ends, int32_table
from tilewright.mapper.operators.moves import Moved, element_bytes, move_steps
from tilewright.mapper.operators.slices import MOST_MOVES, Transpose
from tilewright.mapper.works.move_command import MOST_COMMANDS, too_many_moves


@dataclass(frozen=True, kw_only=True)
class Rearranged(Moved):
    """Element [i, j, ..] of ``shape`` is at the sum of ``offsets`` along its axes in the input."""

    kind: ClassVar[str] = "MOVE"

    shape: tuple[int, ...]
    offsets: Offsets

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape."""
        lowest, highest = (sum(end(o) for o in self.offsets) for end in (min, max))
        if prod(self.shape) != prod(map(len, self.offsets)) or lowest < 0:
            site.refuse(f": {len(self.offsets)} axes of offsets do not fit {self.shape}")
        if highest >= site.x.elements:
            site.refuse(f" reads element {highest} of {site.x.elements}")
        return [self.shape]

    def objection(self, site: Site) -> str | None:
        """An accelerator with a mover can, if it takes few moves."""
        few = view_moves(self.offsets, element_bytes(site), MOST_COMMANDS)
        return too_many_moves(None) if few is None else None

    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result, however many they are."""
        found = view_moves(self.offsets, element_bytes(site))
        assert found is not None
        return found

    def changes_nothing(self, site: Site) -> bool:
        """Whether the result is the input."""
        few = view_moves(self.offsets, element_bytes(site), 1)
        return few is not None and Moved.changes_nothing(self, site)

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return a step for each move, or one with a table of all elements where they are many."""
        few = view_moves(self.offsets, element_bytes(site), MOST_MOVES)
        if few is not None:
            places = cpu.address(site.x.name), cpu.address(site.result.name)
            return move_steps(few, *places)
        table = np.zeros((), np.int32)
        for positions in self.offsets:
            table = np.add.outer(table, np.array(positions, np.int32))
        values = ends(site, cpu) | {
            "indices": int32_table(cpu, table.reshape(-1)),
            "batches": 1,
            "outer": 1,
            "axis": site.x.elements,
            "coordinates": table.size,
            "inner_bytes": element_bytes(site),
        }
        return [(GATHER, values)]


def rearrangement(shape: Shape, view: NDArray[np.int32]) -> Moved:
    """Return the operator from a tensor of ``shape`` to the elements at a view's positions."""
    permutation = _permutation(shape, view)
    if permutation is not None:
        return Transpose(permutation=permutation)
    return Rearranged(shape=view.shape, offsets=offsets_of(view))


def _permutation(shape: Shape, view: NDArray[np.int32]) -> tuple[int, ...] | None:
    """The transposition that a view is; None where it is none."""
    if view.ndim != len(shape) or view.size != prod(shape):
        return None
    corner = (0,) * view.ndim
    steps = [
        int(view[(*corner[:k], 1, *corner[k + 1 :])]) if extent > 1 else 0
        for k, extent in enumerate(view.shape)
    ]
    whole = np.arange(view.size, dtype=np.int32).reshape(shape)
    free = [axis for axis, extent in enumerate(shape) if extent == 1]
    pitches = {whole.strides[axis] // 4: axis for axis, extent in enumerate(shape) if extent > 1}
    order = [free.pop() if step == 0 and free else pitches.get(step, -1) for step in steps]
    if sorted(order) != list(range(view.ndim)):
        return None
    return tuple(order) if np.array_equal(whole.transpose(order), view) else None
