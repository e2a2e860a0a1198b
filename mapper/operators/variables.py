"""ASSIGN_VARIABLE: what a state is at the end of an inference goes where the next one reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from mapper.moves.copy import Move
from mapper.operators.moves import move_steps


@dataclass(frozen=True, kw_only=True)
class AssignVariable(Operator):
    """A copy of the input to where tensor ``reads`` lies; the mapper adds it, no file has it."""

    kind: ClassVar[str] = "ASSIGN_VARIABLE"

    reads: str

    def shapes(self, site: Site) -> Sequence[Shape]:
        """It makes no tensor."""
        return []

    def objection(self, site: Site) -> str | None:
        """No accelerator is needed."""
        return "a variable is assigned in main memory"

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one copy."""
        whole = Move(input=0, output=0, run=site.x.bytes)
        return move_steps([whole], cpu.address(site.x.name), cpu.address(self.reads))
