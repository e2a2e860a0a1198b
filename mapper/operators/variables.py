"""ASSIGN_VARIABLE: what a state is at the end of an inference goes where the next one reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from hw.spec.steps import COPY
from mapper.graph.operator import Cpu, Operator, Shape, Site, Steps


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
        size = site.x.bytes
        values = {"input": cpu.address(site.x.name), "output": cpu.address(self.reads)}
        values |= {"chunks": 1, "chunk_bytes": size, "input_pitch": size, "output_pitch": size}
        return [(COPY, values)]
