"""ADD, SUB and SQUARED_DIFFERENCE: both operands are brought to one scale first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from hw.spec import numerics as nm
from hw.spec.arithmetic import binary
from hw.spec.npu_config import NpuConfig
from hw.spec.steps import ADD
from mapper.graph.operator import Cpu, Site, Steps
from mapper.operators.broadcast import Arithmetic, scales_of, spread_objection, step_of
from mapper.works.add import AddWork
from mapper.works.geometry import Operand
from mapper.works.work import Work


@dataclass(frozen=True, kw_only=True)
class Combined(Arithmetic):
    """The common part; ``operation`` is one of `hw.spec.arithmetic.binary`."""

    operation: ClassVar[int]

    def verify(self, site: Site) -> None:
        """Check the scales too."""
        super().verify(site)
        self._factors(site)

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        own = {"element_bytes": 1, "operation": self.operation}
        own["left_shift"] = binary.LEFT_SHIFTS[self.operation, 1]
        return step_of(ADD, self.fields(site, cpu), own, asdict(self._factors(site)))

    def _factors(self, site: Site) -> nm.AddParameters:
        return binary.combine_parameters(self.operation, 1, *scales_of(site))


@dataclass(frozen=True, kw_only=True)
class Add(Combined):
    """ADD of a and b."""

    kind: ClassVar[str] = "ADD"
    operation: ClassVar[int] = binary.ADD
    in_place: ClassVar[bool] = True

    def objection(self, site: Site) -> str | None:
        """Return why no adder of an accelerator computes this; None when one could."""
        return spread_objection(site)

    def unit_objection(self, config: NpuConfig) -> str | None:
        """Return why this accelerator has no adder; None if it has."""
        return f"control = microcode has no {self.kind}" if config.microcode else None

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one work of the adder."""
        (a, b), result = site.inputs, site.result
        return [
            AddWork(
                a=Operand(a.name),
                b=Operand(b.name),
                output=Operand(result.name),
                elements=result.elements,
                a_zero_point=a.zero_point,
                b_zero_point=b.zero_point,
                zero_point=result.zero_point,
                lo=self.lo,
                hi=self.hi,
                parameters=nm.add_parameters(a.scale, b.scale, result.scale),
            )
        ]


@dataclass(frozen=True, kw_only=True)
class Sub(Combined):
    """SUB: a - b."""

    kind: ClassVar[str] = "SUB"
    operation: ClassVar[int] = binary.SUB


@dataclass(frozen=True, kw_only=True)
class SquaredDifference(Combined):
    """SQUARED_DIFFERENCE: (a - b)**2."""

    kind: ClassVar[str] = "SQUARED_DIFFERENCE"
    operation: ClassVar[int] = binary.SQUARED_DIFFERENCE
