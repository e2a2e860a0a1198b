"""ADD, SUB and SQUARED_DIFFERENCE: both operands are brought to one scale first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from hw.spec import numerics as nm
from hw.spec.arithmetic import binary
from hw.spec.commands import Operation
from hw.spec.npu_config import NpuConfig
from hw.spec.steps import ADD
from mapper.graph.operator import Cpu, Site, Steps
from mapper.operators.broadcast import Arithmetic, scales_of, step_of
from mapper.operators.element_works import Factors, OnElementwiseUnit, binary_work
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
class Sum(Combined, OnElementwiseUnit):
    """The common part of those that the accelerator has; ``command`` is what it calls them."""

    command: ClassVar[Operation]

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one work of the element-wise unit."""
        (a, b), factors = site.inputs, Factors.of(self._factors(site))
        return [binary_work(self.command, (a, b), site.result, factors, (self.lo, self.hi))]


@dataclass(frozen=True, kw_only=True)
class Add(Sum):
    """ADD of a and b."""

    kind: ClassVar[str] = "ADD"
    operation: ClassVar[int] = binary.ADD
    command: ClassVar[Operation] = Operation.ADD


@dataclass(frozen=True, kw_only=True)
class Sub(Sum):
    """SUB: a - b."""

    kind: ClassVar[str] = "SUB"
    operation: ClassVar[int] = binary.SUB
    command: ClassVar[Operation] = Operation.A_MINUS_B


@dataclass(frozen=True, kw_only=True)
class SquaredDifference(Combined):
    """SQUARED_DIFFERENCE: (a - b)**2."""

    kind: ClassVar[str] = "SQUARED_DIFFERENCE"
    operation: ClassVar[int] = binary.SQUARED_DIFFERENCE
