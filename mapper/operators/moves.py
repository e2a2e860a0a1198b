"""What operators that only move elements share, and RESHAPE, which moves none."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import FILL, MOVE
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.moves.copy import MOVE_LOOPS, Loop, Move, is_view
from tilewright.mapper.works.geometry import Operand
from tilewright.mapper.works.move import move_work
from tilewright.mapper.works.work import Work

MOVABLE = ("int8", "int16", "int32", "int64", "bool")
"""Types whose elements can be moved: all that there are, since moves are of bytes."""


@dataclass(frozen=True, kw_only=True)
class Moved(Operator):
    """The common part of operators that move elements of one input; they share its quantisation."""

    keeps_quantisation: ClassVar[bool] = True

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless the result has the input's type."""
        self.verify_one_type(site, MOVABLE)

    @abstractmethod
    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result."""

    def objection(self, site: Site) -> str | None:
        """An accelerator with a mover can."""
        return None

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one work of the mover."""
        x, result = site.x, site.result
        source, target = Operand(x.name), Operand(result.name)
        return [move_work([(source, x.bytes)], (target, result.bytes), [self.moves(site)])]

    def changes_nothing(self, site: Site) -> bool:
        """Whether the bytes of the result are those of the input."""
        size = site.result.bytes
        return size == site.x.bytes and is_view(self.moves(site), size)

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return a step for each move."""
        return move_steps(self.moves(site), cpu.address(site.x.name), cpu.address(site.result.name))


def element_bytes(site: Site) -> int:
    """Return the bytes of an element of the first input."""
    return np.dtype(site.x.dtype).itemsize


def zero(site: Site) -> int:
    """Return the integer of the first input that stands for the number 0."""
    return 0 if site.x.quant is None else site.x.zero_point


def stored(site: Site, value: int) -> bytes:
    """Return an integer as an element of the first input is stored."""
    return value.to_bytes(element_bytes(site), "little", signed=True)


def move_steps(planned: Sequence[Move], source: int, target: int) -> Steps:
    """Return the steps that carry out moves between tensors at these addresses."""
    steps: Steps = []
    for move in planned:
        # What is read again, or lies side by side, is read while it is in the data cache: writes
        # go through to memory wherever they go.
        inner = sorted(move.loops, key=lambda loop: (abs(loop.input_pitch), loop.output_pitch))
        loops = [*inner, *[Loop(1, 0, 0)] * (MOVE_LOOPS - len(inner))]
        values = {"output": target + move.output, "run_bytes": move.run}
        for number, loop in enumerate(loops):
            values[f"extent_{number}"] = loop.extent
            values[f"output_pitch_{number}"] = loop.output_pitch
        if move.value is not None:
            steps.append((FILL, values | {"value": move.value}))
            continue
        pitches = {f"input_pitch_{number}": loop.input_pitch for number, loop in enumerate(loops)}
        steps.append((MOVE, values | pitches | {"input": source + move.input}))
    return steps


@dataclass(frozen=True, kw_only=True)
class Reshape(Operator):
    """RESHAPE: the same elements in the same order, in the output tensor's shape."""

    kind: ClassVar[str] = "RESHAPE"
    keeps_quantisation: ClassVar[bool] = True
    is_view: ClassVar[bool] = True

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless the result has the input's type."""
        self.verify_one_type(site, MOVABLE)

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the result's own shape where it has as many elements."""
        shape, result = site.x.shape, site.result.shape
        return [result if prod(shape) == prod(result) else shape]

    def objection(self, site: Site) -> str | None:
        """A view is on every engine."""
        return None

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return no step: the bytes stay where they are."""
        return []


@dataclass(frozen=True, kw_only=True)
class Reinterpret(Reshape):
    """RESHAPE to another scale and zero point: the integers stay, and mean other numbers."""

    keeps_quantisation: ClassVar[bool] = False
