"""Arithmetic on int32 without a scale: numbers as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tilewright.hw.spec.steps import ARITHMETIC_INT32
from tilewright.hw.spec.steps.elementwise import (
    INT32_ADD,
    INT32_DIV,
    INT32_MUL,
    INT32_SQUARED_DIFFERENCE,
    INT32_SUB,
)
from tilewright.mapper.graph.operator import Cpu, Site, Steps
from tilewright.mapper.operators.broadcast import Binary, broadcast_fields, step_of
from tilewright.mapper.operators.images import clamp_fields

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1


@dataclass(frozen=True, kw_only=True)
class IntegerArithmetic(Binary):
    """The common part: results modulo 2**32, clamped to ``lo..hi``."""

    operation: ClassVar[int]

    lo: int = INT32_MIN
    hi: int = INT32_MAX

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless all are int32."""
        self.verify_one_type(site, ("int32",))

    def objection(self, site: Site) -> str | None:
        """No accelerator computes with int32."""
        return "its activations are int32"

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        own = {"operation": self.operation}
        fields = broadcast_fields(site, cpu)
        return step_of(ARITHMETIC_INT32, fields, own, clamp_fields(self.lo, self.hi))


@dataclass(frozen=True, kw_only=True)
class IntegerAdd(IntegerArithmetic):
    """ADD."""

    kind: ClassVar[str] = "ADD"
    operation: ClassVar[int] = INT32_ADD


@dataclass(frozen=True, kw_only=True)
class IntegerSub(IntegerArithmetic):
    """SUB: a - b."""

    kind: ClassVar[str] = "SUB"
    operation: ClassVar[int] = INT32_SUB


@dataclass(frozen=True, kw_only=True)
class IntegerMul(IntegerArithmetic):
    """MUL."""

    kind: ClassVar[str] = "MUL"
    operation: ClassVar[int] = INT32_MUL


@dataclass(frozen=True, kw_only=True)
class IntegerSquaredDifference(IntegerArithmetic):
    """SQUARED_DIFFERENCE: (a - b)**2."""

    kind: ClassVar[str] = "SQUARED_DIFFERENCE"
    operation: ClassVar[int] = INT32_SQUARED_DIFFERENCE


@dataclass(frozen=True, kw_only=True)
class IntegerDiv(IntegerArithmetic):
    """DIV: a / b, cut off towards 0; a computed divisor of 0 ends the run."""

    kind: ClassVar[str] = "DIV"
    operation: ClassVar[int] = INT32_DIV

    def verify(self, site: Site) -> None:
        """Check a constant divisor too."""
        super().verify(site)
        _, divisor = site.inputs
        if divisor.data is not None and not divisor.data.all():
            site.refuse(f" divides by '{divisor.name}', a constant that holds 0")
