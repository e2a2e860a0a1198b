"""L2_NORMALIZATION, LOG_SOFTMAX and CUMSUM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from hw.spec.normalisation import (
    L2_OUTPUT,
    LOG_SOFTMAX_OUTPUT,
    cumsum_parameters,
    log_softmax_parameters,
)
from hw.spec.steps import CUMSUM, L2_NORMALIZATION, LOG_SOFTMAX
from mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from mapper.operators.images import ends, last_axis


def _rows(site: Site, cpu: Cpu) -> dict[str, int]:
    cols = last_axis(site)
    return ends(site, cpu) | {"rows": site.x.elements // cols, "cols": cols}


def _require_output(site: Site, scale: float, zero_point: int) -> None:
    result = site.result
    if (result.scale, result.zero_point) != (scale, zero_point):
        site.refuse(
            f": output '{result.name}' has scale {result.scale:g} and zero point "
            f"{result.zero_point}; {scale:g} and {zero_point} are needed"
        )


@dataclass(frozen=True, kw_only=True)
class L2Normalization(Operator):
    """L2_NORMALIZATION over the last axis, to scale 1/128 and zero point 0."""

    kind: ClassVar[str] = "L2_NORMALIZATION"

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        last_axis(site)
        _require_output(site, *L2_OUTPUT)
        return [site.x.shape]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        return [(L2_NORMALIZATION, _rows(site, cpu) | {"input_zero_point": site.x.zero_point})]


@dataclass(frozen=True, kw_only=True)
class LogSoftmax(Operator):
    """LOG_SOFTMAX over the last axis, to scale 1/16 and zero point 127."""

    kind: ClassVar[str] = "LOG_SOFTMAX"

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        last_axis(site)
        _require_output(site, *LOG_SOFTMAX_OUTPUT)
        return [site.x.shape]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        p = log_softmax_parameters(site.x.scale)
        values = _rows(site, cpu) | {
            "multiplier": p.multiplier,
            "left_shift": p.left_shift,
            "reverse_multiplier": p.reverse_multiplier,
            "reverse_shift": p.reverse_shift,
            "diff_min": p.smallest_difference,
        }
        return [(LOG_SOFTMAX, values)]


@dataclass(frozen=True, kw_only=True)
class Cumsum(Operator):
    """CUMSUM along ``axis`` (counted from 0); ``exclusive`` leaves out the element itself."""

    kind: ClassVar[str] = "CUMSUM"

    axis: int
    exclusive: bool = False
    reverse: bool = False

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        if not 0 <= self.axis < len(site.x.shape):
            site.refuse(f" has no axis {self.axis} in {site.x.shape}")
        return [site.x.shape]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        x, result, shape, axis = site.x, site.result, site.x.shape, self.axis
        multiplier, shift = cumsum_parameters(x.scale, result.scale)
        values = ends(site, cpu) | {
            "outer": prod(shape[:axis]),
            "depth": shape[axis],
            "inner": prod(shape[axis + 1 :]),
            "exclusive": int(self.exclusive),
            "reverse": int(self.reverse),
            "multiplier": multiplier,
            "shift": shift,
            "input_zero_point": x.zero_point,
            "output_zero_point": result.zero_point,
        }
        return [(CUMSUM, values)]
