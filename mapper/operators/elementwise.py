"""ADD, SUB, ADD_N and SQUARED_DIFFERENCE: operands are brought to one scale first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic import binary
from tilewright.hw.spec.commands import Operation
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import ADD, ADD_N
from tilewright.hw.spec.steps.elementwise import MOST_TERMS
from tilewright.mapper.graph.operator import Cpu, Shape, Site, Steps
from tilewright.mapper.operators.broadcast import Arithmetic, scales_of, step_of
from tilewright.mapper.operators.clamp import Clamped
from tilewright.mapper.operators.element_works import Factors, OnElementwiseUnit, binary_work
from tilewright.mapper.operators.images import quant_fields
from tilewright.mapper.operators.moves import element_bytes
from tilewright.mapper.works.work import Work


@dataclass(frozen=True, kw_only=True)
class Combined(Arithmetic):
    """The common part; ``operation`` is one of `hw.spec.arithmetic.binary`."""

    wide: ClassVar[bool] = True
    operation: ClassVar[int]

    def verify(self, site: Site) -> None:
        """Check the scales too."""
        super().verify(site)
        self._factors(site)

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        size = element_bytes(site)
        own = {"element_bytes": size, "operation": self.operation}
        own["left_shift"] = binary.LEFT_SHIFTS[self.operation, size]
        return step_of(ADD, self.fields(site, cpu), own, asdict(self._factors(site)))

    def _factors(self, site: Site) -> nm.AddParameters:
        return binary.combine_parameters(self.operation, element_bytes(site), *scales_of(site))


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
class AddN(Clamped):
    """ADD_N of several of one shape and quantisation.

    The reference takes their zero point away once more than there are operands.
    """

    kind: ClassVar[str] = "ADD_N"
    inputs: ClassVar[tuple[int, int]] = (2, MOST_TERMS)

    def verify(self, site: Site) -> None:
        """Check that the operands share shape and quantisation, and the scales."""
        super().verify(site)
        if len({(tensor.shape, tensor.quant) for tensor in site.inputs}) > 1:
            site.refuse(" has operands of different shapes, scales or zero points")
        self._factor(site)

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the operands' shape."""
        return [site.x.shape]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        places = [cpu.address(tensor.name) for tensor in site.inputs]
        terms = [*places, *[places[0]] * (MOST_TERMS - len(places))]
        values = quant_fields(site, self.lo, self.hi)
        values |= {f"input_{number}": place for number, place in enumerate(terms)}
        values |= {"output": cpu.address(site.result.name), "terms": len(places)}
        values["count"] = site.x.elements
        values["multiplier"], values["shift"] = self._factor(site)
        return [(ADD_N, values)]

    def _factor(self, site: Site) -> tuple[int, int]:
        p = nm.add_parameters(site.x.scale, site.x.scale, site.result.scale)
        return p.output_multiplier, p.output_shift


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
