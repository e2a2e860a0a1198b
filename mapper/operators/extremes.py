"""MAXIMUM and MINIMUM of two operands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hw.spec.steps import MAXIMUM_MINIMUM
from mapper.graph.operator import Cpu, Site, Steps
from mapper.operators.broadcast import Binary, broadcast_fields, step_of


@dataclass(frozen=True, kw_only=True)
class Extreme(Binary):
    """The common part: operands and result share one quantisation."""

    keeps_quantisation: ClassVar[bool] = True
    smaller: ClassVar[bool]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        own = {"element_bytes": 1, "smaller": int(self.smaller)}
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
