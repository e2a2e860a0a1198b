"""What operators share that only move bytes: the mover's work, and the CPU's steps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from hw.spec.npu_config import NpuConfig
from hw.spec.steps import FILL, MOVE
from hw.spec.steps.moves import LOOPS
from mapper.graph.operator import Cpu, Operator, Site, Steps
from mapper.moves.copy import Loop, Move
from mapper.works.geometry import Operand
from mapper.works.move import move_work
from mapper.works.work import Work


@dataclass(frozen=True, kw_only=True)
class Rearrangement(Operator):
    """An operator whose result has the bytes of its inputs at other places, or constant ones."""

    keeps_quantisation: ClassVar[bool] = True

    @abstractmethod
    def moves(self, site: Site) -> Sequence[Sequence[Move]]:
        """Return the moves from each input, which together write the result once."""

    def objection(self, site: Site) -> str | None:
        """An accelerator with a mover can."""
        return None

    def unit_objection(self, config: NpuConfig) -> str | None:
        """Return why this accelerator has no mover; None if it has."""
        if config.microcode:
            return f"control = microcode has no {self.kind}"
        return None if config.move_unit else f"move_unit = false leaves no unit for {self.kind}"

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one work of the mover."""
        result = site.result
        sources = [(Operand(x.name), x.bytes) for x in self.activations(site)]
        return [move_work(sources, (Operand(result.name), result.bytes), self.moves(site))]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return a step for each move."""
        output = cpu.address(site.result.name)
        steps: Steps = []
        for x, moves in zip(self.activations(site), self.moves(site), strict=True):
            for move in moves:
                values = {"output": output + move.output, "run_bytes": move.run}
                loops = (*move.loops, *[Loop(1, 0, 0)] * (LOOPS - len(move.loops)))
                for number, loop in enumerate(loops):
                    values[f"extent_{number}"] = loop.extent
                    values[f"output_pitch_{number}"] = loop.output_pitch
                if move.value is not None:
                    steps.append((FILL, values | {"value": move.value}))
                    continue
                values["input"] = cpu.address(x.name) + move.input
                for number, loop in enumerate(loops):
                    values[f"input_pitch_{number}"] = loop.input_pitch
                steps.append((MOVE, values))
        return steps
