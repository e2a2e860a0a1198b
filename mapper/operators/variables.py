"""ASSIGN_VARIABLE: what a state is at the end of an inference goes where the next one reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.moves.copy import Move
from tilewright.mapper.operators.moves import move_steps
from tilewright.mapper.works.copy import CopyWork
from tilewright.mapper.works.geometry import Operand
from tilewright.mapper.works.work import Work


@dataclass(frozen=True, kw_only=True)
class AssignVariable(Operator):
    """A copy of the input to where tensor ``reads`` lies; the mapper adds it, no file has it.

    On the accelerator that place has a name of its own, the output's, since the tensor of the
    value before may be in the scratchpad.
    """

    kind: ClassVar[str] = "ASSIGN_VARIABLE"

    reads: str

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of what is assigned."""
        return [site.x.shape]

    def objection(self, site: Site) -> str | None:
        """An accelerator can."""
        return None

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return a work that needs no unit."""
        x = site.x
        return [CopyWork(source=Operand(x.name), output=Operand(site.result.name), bytes=x.bytes)]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one copy."""
        whole = Move(input=0, output=0, run=site.x.bytes)
        return move_steps([whole], cpu.address(site.x.name), cpu.address(self.reads))
