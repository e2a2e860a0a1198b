"""MAXIMUM and MINIMUM of two operands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tilewright.hw.spec.commands import Operation
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import ARITHMETIC_INT32, MAXIMUM_MINIMUM
from tilewright.hw.spec.steps.elementwise import INT32_MAXIMUM, INT32_MINIMUM
from tilewright.mapper.graph.operator import Cpu, Site, Steps
from tilewright.mapper.operators.broadcast import Binary, broadcast_fields, step_of
from tilewright.mapper.operators.clamp import INT8_MAX, INT8_MIN
from tilewright.mapper.operators.element_works import Factors, OnElementwiseUnit, binary_work
from tilewright.mapper.operators.images import clamp_fields
from tilewright.mapper.operators.integers import INT32_MAX, INT32_MIN
from tilewright.mapper.operators.moves import element_bytes
from tilewright.mapper.works.requantisation import IDENTITY
from tilewright.mapper.works.work import Work

COMPARED = ("int8", "int16", "int32")
"""Types of which MAXIMUM and MINIMUM are taken."""


@dataclass(frozen=True, kw_only=True)
class Extreme(Binary, OnElementwiseUnit):
    """The common part: operands and result share one quantisation."""

    keeps_quantisation: ClassVar[bool] = True
    smaller: ClassVar[bool]

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless all are of one type."""
        self.verify_one_type(site, COMPARED)

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one work of the element-wise unit, which compares bytes."""
        (a, b), factors = site.inputs, Factors(output=IDENTITY)
        command = Operation.MINIMUM if self.smaller else Operation.MAXIMUM
        return [
            binary_work(
                command, (a, b), site.result, factors, (INT8_MIN, INT8_MAX), keeps_bytes=True
            )
        ]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        if site.result.dtype == "int32":
            own = {"operation": INT32_MINIMUM if self.smaller else INT32_MAXIMUM}
            own |= clamp_fields(INT32_MIN, INT32_MAX)
            return step_of(ARITHMETIC_INT32, broadcast_fields(site, cpu), own)
        own = {"element_bytes": element_bytes(site), "smaller": int(self.smaller)}
        return step_of(MAXIMUM_MINIMUM, broadcast_fields(site, cpu), own)


@dataclass(frozen=True, kw_only=True)
class Maximum(Extreme):
    """MAXIMUM: the larger of a and b."""

    kind: ClassVar[str] = "MAXIMUM"
    smaller: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class Minimum(Extreme):
    """MINIMUM: the smaller of a and b."""

    kind: ClassVar[str] = "MINIMUM"
    smaller: ClassVar[bool] = True
