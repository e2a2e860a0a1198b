"""Operators whose result is clamped after requantisation (a fused RELU6, say)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from tilewright.mapper.graph.operator import Operator, Site

INT8_MIN = -128
INT8_MAX = 127


@dataclass(frozen=True, kw_only=True)
class Clamped(Operator):
    """``lo`` and ``hi`` bound the result, both inclusive.

    ``wide``: activations may be int16 with zero point 0, all of them, instead of int8.
    """

    wide: ClassVar[bool] = False

    lo: int = INT8_MIN
    hi: int = INT8_MAX

    def verify(self, site: Site) -> None:
        """Check the range too."""
        range_ = np.iinfo(np.int16 if is_wide(site) else np.int8)
        if not range_.min <= self.lo <= self.hi <= range_.max:
            site.refuse(f" clamps to {self.lo}..{self.hi}, which is not a range of {range_.dtype}")
        super().verify(site)

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless all activations are of one type that is taken."""
        if not (self.wide and is_wide(site)):
            super().verify_types(site)
            return
        for tensor in (*self.activations(site), *site.outputs):
            if tensor.dtype != "int16" or not tensor.is_whole or tensor.zero_point != 0:
                site.refuse(f": '{tensor.name}' is not int16 of one scale and zero point 0")

    def clamped(self, low: int, high: int) -> Self:
        """The operator with another clamp behind its own.

        Clamping twice is clamping to the first range's ends, clamped to the second range.
        """
        return replace(
            self,
            lo=min(max(self.lo, low), high),
            hi=min(max(self.hi, low), high),
        )


def is_wide(site: Site) -> bool:
    """Whether the activations are int16."""
    return site.result.dtype == "int16"


def wide_objection(site: Site) -> str | None:
    """Return why no accelerator takes such activations; None where they are int8."""
    return "its activations are int16" if is_wide(site) else None
