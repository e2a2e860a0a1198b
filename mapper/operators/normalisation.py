"""L2_NORMALIZATION, LOG_SOFTMAX and CUMSUM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tilewright.hw.spec.normalisation import (
    CUMSUM_SHIFT,
    L2_OUTPUT,
    LOG_SOFTMAX_END,
    LOG_SOFTMAX_OUTPUT,
    cumsum_parameters,
    log_softmax_factor,
    log_softmax_parameters,
)
from tilewright.hw.spec.numerics import rescale_parameters
from tilewright.hw.spec.steps import CUMSUM, L2_NORMALIZATION, LOG_SOFTMAX
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.operators.images import ends, last_axis


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
    """LOG_SOFTMAX over the last axis, to scale 1/16 and zero point 127.

    ``real``: to any quantisation, not in the reference's.
    """

    kind: ClassVar[str] = "LOG_SOFTMAX"

    real: bool = False

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        last_axis(site)
        result = site.result
        if not self.real:
            _require_output(site, *LOG_SOFTMAX_OUTPUT)
        elif (-128 - result.zero_point) * result.scale < LOG_SOFTMAX_END:
            site.refuse(
                f": output '{result.name}' begins below {LOG_SOFTMAX_END}, where the logarithms "
                "of the fixed point end; calibrate the output's range again"
            )
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
            "output_multiplier": 0,
            "output_shift": 0,
            "output_zero_point": site.result.zero_point,
        }
        if self.real:
            factor = log_softmax_factor(site.result.scale)
            values["output_multiplier"], values["output_shift"] = factor
        return [(LOG_SOFTMAX, values)]


@dataclass(frozen=True, kw_only=True)
class Cumsum(Operator):
    """CUMSUM along ``axis`` (counted from 0); ``exclusive`` leaves out the element itself.

    The reference's sum begins with the negative zero point and overflows behind 16 elements;
    ``real``: it begins with 0 and does not.
    """

    kind: ClassVar[str] = "CUMSUM"

    axis: int
    exclusive: bool = False
    reverse: bool = False
    real: bool = False

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        if not 0 <= self.axis < len(site.x.shape):
            site.refuse(f" has no axis {self.axis} in {site.x.shape}")
        return [site.x.shape]

    def verify(self, site: Site) -> None:
        """Check the scales too."""
        super().verify(site)
        _, shift = self._factor(site)
        if self.real and site.x.shape[self.axis] << max(8 + shift, 0) >= 1 << 31:
            site.refuse(
                f" of {site.x.shape[self.axis]} elements of scale {site.x.scale:g}: the result's "
                f"scale {site.result.scale:g} is too fine; calibrate the output's range again"
            )

    def _factor(self, site: Site) -> tuple[int, int]:
        scales = site.x.scale, site.result.scale
        return rescale_parameters(*scales) if self.real else cumsum_parameters(*scales)

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        x, result, shape, axis = site.x, site.result, site.x.shape, self.axis
        multiplier, shift = self._factor(site)
        values = ends(site, cpu) | {
            "outer": prod(shape[:axis]),
            "depth": shape[axis],
            "inner": prod(shape[axis + 1 :]),
            "exclusive": int(self.exclusive),
            "reverse": int(self.reverse),
            "first": 0 if self.real else -x.zero_point,
            "left_shift": 0 if self.real else CUMSUM_SHIFT,
            "multiplier": multiplier,
            "shift": shift,
            "input_zero_point": x.zero_point,
            "output_zero_point": result.zero_point,
        }
        return [(CUMSUM, values)]
