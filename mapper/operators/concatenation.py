"""CONCATENATION: inputs that are not written straight into the result are copied there.

Any concatenation interleaves chunks: the result is ``outer`` groups, each with one chunk of every
input. Along H there is a single group, and each input is a contiguous part of the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.moves.copy import Loop, Move
from tilewright.mapper.operators.moves import MOVABLE, element_bytes, move_steps
from tilewright.mapper.works.geometry import Operand
from tilewright.mapper.works.pointwise import flat_shape, pointwise
from tilewright.mapper.works.requantisation import IDENTITY, uniform
from tilewright.mapper.works.work import Work


@dataclass(frozen=True)
class Chunk:
    """One input's share of the result, in bytes: ``outer`` chunks, ``pitch`` apart."""

    tensor: str
    offset: int
    outer: int
    length: int
    pitch: int

    @property
    def contiguous(self) -> bool:
        """Whether the input is one stretch of the result."""
        return self.outer == 1 or self.length == self.pitch


@dataclass(frozen=True, kw_only=True)
class Concatenation(Operator):
    """CONCATENATION of two or more along ``axis`` (counted from 0); all share one quantisation."""

    kind: ClassVar[str] = "CONCATENATION"
    inputs: ClassVar[tuple[int, int]] = (1, 1 << 16)
    keeps_quantisation: ClassVar[bool] = True
    joins: ClassVar[bool] = True
    by_rows: ClassVar[bool] = True

    axis: int

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless all are of one type."""
        self.verify_one_type(site, MOVABLE)

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape with the sum of the extents along the axis."""
        shapes, axis = [t.shape for t in site.inputs], self.axis
        if not 0 <= axis < len(shapes[0]) or len({s[:axis] + s[axis + 1 :] for s in shapes}) != 1:
            site.refuse(f" cannot join {shapes} along axis {axis}")
        return [(*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])]

    def chunks(self, site: Site) -> list[Chunk]:
        """The share of each input, in order."""
        shape, size = site.result.shape, element_bytes(site)
        pitch, outer = prod(shape[self.axis :]) * size, prod(shape[: self.axis])
        result: list[Chunk] = []
        offset = 0
        for tensor in site.inputs:
            length = prod(tensor.shape[self.axis :]) * size
            result.append(Chunk(tensor.name, offset, outer, length, pitch))
            offset += length
        return result

    def pitches(self, site: Site, index: int) -> tuple[int, int]:
        """(pixel pitch, row pitch) of an input inside the result; (0, 0) when contiguous."""
        chunk = self.chunks(site)[index]
        if chunk.contiguous:
            return 0, 0
        cols, channels = site.inputs[index].shape[2:4]
        if self.axis == 3:
            return chunk.pitch, cols * chunk.pitch
        return channels * element_bytes(site), chunk.pitch

    def objection(self, site: Site) -> str | None:
        """An accelerator can copy."""
        return None

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return a work for each input that copies it into the result."""
        return [self._copy(site, chunk, npu.rows) for chunk in self.chunks(site)]

    def _copy(self, site: Site, chunk: Chunk, rows: int) -> Work:
        if chunk.contiguous:
            elements = chunk.outer * chunk.length
            shape = flat_shape(elements, (1, 1, elements), rows)
            pitch = 0
        else:
            shape = (1, chunk.outer, chunk.length)
            pitch = chunk.pitch
        target = Operand(site.result.name, chunk.offset, pitch)
        requantisation = uniform(shape[2], 0, IDENTITY)
        return pointwise(Operand(chunk.tensor), target, (shape, shape), requantisation)

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return a copy of each input that is not in place."""
        steps: Steps = []
        for index, chunk in enumerate(self.chunks(site)):
            if not cpu.in_place(site.name, index):
                loops = () if chunk.outer == 1 else (Loop(chunk.outer, chunk.length, chunk.pitch),)
                move = Move(input=0, output=chunk.offset, run=chunk.length, loops=loops)
                places = cpu.address(chunk.tensor), cpu.address(site.result.name)
                steps += move_steps([move], *places)
        return steps
