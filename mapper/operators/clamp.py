"""Operators whose int8 result is clamped after requantisation (a fused RELU6, say)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from mapper.graph.operator import Operator, Site

INT8_MIN = -128
INT8_MAX = 127


@dataclass(frozen=True, kw_only=True)
class Clamped(Operator):
    """``lo`` and ``hi`` bound the result, both inclusive."""

    lo: int = INT8_MIN
    hi: int = INT8_MAX

    def verify(self, site: Site) -> None:
        """Check the range too."""
        if not INT8_MIN <= self.lo <= self.hi <= INT8_MAX:
            site.refuse(f" clamps to {self.lo}..{self.hi}, which is not a range of int8")
        super().verify(site)

    def clamped(self, low: int, high: int) -> Self:
        """The operator with another clamp behind its own.

        Clamping twice is clamping to the first range's ends, clamped to the second range.
        """
        return replace(
            self,
            lo=min(max(self.lo, low), high),
            hi=min(max(self.hi, low), high),
        )
