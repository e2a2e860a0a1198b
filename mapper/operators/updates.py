"""DYNAMIC_UPDATE_SLICE: a tensor of which a part is another one, at a place that a tensor tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tilewright.hw.spec.steps import UPDATE_SLICE
from tilewright.hw.spec.steps.moves import MOST_AXES
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.moves.copy import Move
from tilewright.mapper.moves.index_maps import dense_pitches
from tilewright.mapper.operators.images import int32_table
from tilewright.mapper.operators.moves import MOVABLE, element_bytes, move_steps


@dataclass(frozen=True, kw_only=True)
class DynamicUpdateSlice(Operator):
    """x with an update written over it; the third input, int32, tells where it begins.

    Where the update would reach over the end it begins earlier.
    """

    kind: ClassVar[str] = "DYNAMIC_UPDATE_SLICE"
    inputs: ClassVar[tuple[int, int]] = (3, 3)

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless x, update and result are alike, and the begins int32."""
        x, update, begins = site.inputs
        kinds = {(tensor.dtype, tensor.quant) for tensor in (x, update, site.result)}
        if len(kinds) > 1 or x.dtype not in MOVABLE or begins.dtype != "int32":
            site.refuse(
                f": {update.dtype} goes into {x.dtype} where {begins.dtype} tells; tensors of one "
                "type and quantisation and a place of int32 are needed"
            )

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return x's shape."""
        x, update, begins = (tensor.shape for tensor in site.inputs)
        fits = len(x) == len(update) and all(n <= m for n, m in zip(update, x, strict=False))
        if not fits or begins != (len(x),) or not 1 <= len(x) <= MOST_AXES:
            site.refuse(f" writes {update} into {x}, at a place of shape {begins}")
        return [x]

    def objection(self, site: Site) -> str | None:
        """A command cannot read where it writes."""
        return "its place is a tensor"

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return a copy of x, and a step that writes over it."""
        x, update, begins = site.inputs
        output = cpu.address(site.result.name)
        copy = move_steps([Move(input=0, output=0, run=x.bytes)], cpu.address(x.name), output)
        size = element_bytes(site)
        pitches = [n * size for n in dense_pitches(x.shape)]
        table = np.stack([x.shape, update.shape, pitches], axis=1).astype(np.int32)
        values = {
            "update": cpu.address(update.name),
            "begins": cpu.address(begins.name),
            "output": output,
            "axes_table": int32_table(cpu, table),
            "axes": len(x.shape),
            "runs": prod(update.shape[:-1]),
            "run_bytes": update.shape[-1] * size,
        }
        return [*copy, (UPDATE_SLICE, values)]
