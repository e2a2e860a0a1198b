"""Norms over axes, and rows divided by theirs, in the arithmetic of `hw.spec.norms`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import norms
from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.steps import NORMALIZE, REDUCE_NORM
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.operators.images import ends, int32_table, quant_fields
from tilewright.mapper.operators.reductions import Reduction

_LARGEST_EPSILON = (1 << 62) - 1


@dataclass(frozen=True, kw_only=True)
class ReduceNorm(Reduction):
    """The common part of REDUCE_L1, REDUCE_L2 and REDUCE_SUM_SQUARE over axes, requantised."""

    power: ClassVar[int]
    root: ClassVar[bool] = False

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the result, with or without the reduced axes."""
        found, count = super().shapes(site), self.count(site)
        if count > norms.MOST_SQUARES:
            site.refuse(
                f" over {count} elements; at most {norms.MOST_SQUARES} squares can be summed up: "
                "reduce axis by axis"
            )
        return found

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        x, result = site.x, site.result
        unit = x.scale if self.root or self.power == 1 else x.scale**2
        unit /= (1 << norms.ROOT_BITS) if self.root else 1
        values = self.loops(site, cpu) | quant_fields(site)
        values |= {"power": self.power, "root": int(self.root)}
        values["multiplier"], values["shift"] = nm.rescale_parameters(unit, result.scale)
        del values["element_bytes"]
        return [(REDUCE_NORM, values)]


@dataclass(frozen=True, kw_only=True)
class ReduceL1(ReduceNorm):
    """REDUCE_L1: the sum of magnitudes."""

    kind: ClassVar[str] = "REDUCE_L1"
    power: ClassVar[int] = 1


@dataclass(frozen=True, kw_only=True)
class ReduceL2(ReduceNorm):
    """REDUCE_L2: the square root of the sum of squares."""

    kind: ClassVar[str] = "REDUCE_L2"
    power: ClassVar[int] = 2
    root: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class ReduceSumSquare(ReduceNorm):
    """REDUCE_SUM_SQUARE: the sum of squares."""

    kind: ClassVar[str] = "REDUCE_SUM_SQUARE"
    power: ClassVar[int] = 2


@dataclass(frozen=True, kw_only=True)
class Normalization(Operator):
    """The common part: rows of x less their mean (``centred``) over their norm.

    A row runs along the axes ``first`` to ``last``, both inclusive. Behind x come factors and
    summands, float32 constants of one axis: one of each for every element of a row, for every
    position of the axes behind it ("columns"), or for the rows in turn, as ``along`` says.
    """

    inputs: ClassVar[tuple[int, int]] = (3, 3)
    computed: ClassVar[int | None] = 1
    centred: ClassVar[bool] = False
    power: ClassVar[int] = 2

    first: int
    last: int
    along: Literal["elements", "columns", "rows"] = "elements"
    epsilon: float = 0.0

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        shape, (factors, summands) = site.x.shape, site.inputs[1:]
        if not 0 <= self.first <= self.last < len(shape):
            site.refuse(f" has no axes {self.first} to {self.last} in {shape}")
        outer, depth, inner = self._sizes(site)
        if depth > norms.MOST_ELEMENTS:
            site.refuse(f" over {depth} elements; at most {norms.MOST_ELEMENTS} are possible")
        count = {"elements": depth, "columns": inner, "rows": factors.elements}[self.along]
        fits = self.along != "rows" or (inner == 1 and outer % count == 0)
        if not fits or (factors.elements, summands.elements) != (count, count):
            site.refuse(
                f" of {shape} has {factors.elements} factors and {summands.elements} summands"
            )
        return [shape]

    def verify(self, site: Site) -> None:
        """Check the factors too."""
        super().verify(site)
        if not norms.factors_are_sensible(self._factors(site)):
            site.refuse(
                f": the result's scale {site.result.scale:g} is too fine for its factors; "
                "calibrate the output's range again"
            )

    def row_factor(self, count: int) -> float:
        """Return what a row of so many elements is multiplied by after the division."""
        return 1.0

    def row_epsilon(self, count: int) -> float:
        """Return what is added to a row's value, in units of the squared input."""
        return 0.0

    def _sizes(self, site: Site) -> tuple[int, int, int]:
        shape = site.x.shape
        rows = shape[self.first : self.last + 1]
        return prod(shape[: self.first]), prod(rows), prod(shape[self.last + 1 :])

    def _factors(self, site: Site) -> NDArray[np.float64]:
        data = site.inputs[1].data
        assert data is not None
        scaled = data.reshape(-1).astype(np.float64) / site.result.scale
        return scaled * self.row_factor(self._sizes(site)[1])

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        (outer, depth, inner), result = self._sizes(site), site.result
        data = site.inputs[2].data
        assert data is not None
        summands = data.reshape(-1).astype(np.float64) / result.scale
        factors, wide, shift = norms.factors_and_summands(self._factors(site), summands)
        units = self.row_epsilon(depth) / site.x.scale**2
        epsilon = min(round(min(units, 2.0**63)), _LARGEST_EPSILON)
        values = ends(site, cpu) | quant_fields(site) | {
            "factors": int32_table(cpu, factors),
            "summands": cpu.constant(wide.astype("<i8").tobytes()),
            "outer": outer,
            "depth": depth,
            "inner": inner,
            "period": factors.size if self.along == "rows" else 1,
            "depth_pitch": int(self.along == "elements"),
            "inner_pitch": int(self.along == "columns"),
            "centred": int(self.centred),
            "power": self.power,
            "epsilon_low": int(np.uint32(epsilon & 0xFFFFFFFF).astype(np.int32)),
            "epsilon_high": epsilon >> 32,
            "shift": shift,
        }  # fmt: skip
        return [(NORMALIZE, values)]


@dataclass(frozen=True, kw_only=True)
class Centred(Normalization):
    """The common part of those that divide by the standard deviation."""

    centred: ClassVar[bool] = True

    def row_epsilon(self, count: int) -> float:
        """Return what is added to n**2 times the variance."""
        return self.epsilon * count * count


@dataclass(frozen=True, kw_only=True)
class LayerNormalization(Centred):
    """LAYER_NORMALIZATION: rows along the last axes."""

    kind: ClassVar[str] = "LAYER_NORMALIZATION"


@dataclass(frozen=True, kw_only=True)
class InstanceNormalization(Centred):
    """INSTANCE_NORMALIZATION: every channel of every image for itself."""

    kind: ClassVar[str] = "INSTANCE_NORMALIZATION"


@dataclass(frozen=True, kw_only=True)
class RmsNormalization(Normalization):
    """RMS_NORMALIZATION: rows over the root of the mean of their squares."""

    kind: ClassVar[str] = "RMS_NORMALIZATION"

    def row_factor(self, count: int) -> float:
        """Return the root that the division by a sum of squares lacks."""
        return math.sqrt(count)

    def row_epsilon(self, count: int) -> float:
        """Return what is added to the sum of squares."""
        return self.epsilon * count


@dataclass(frozen=True, kw_only=True)
class L1Normalization(Normalization):
    """L1_NORMALIZATION: rows over the sum of their magnitudes."""

    kind: ClassVar[str] = "L1_NORMALIZATION"
    power: ClassVar[int] = 1


@dataclass(frozen=True, kw_only=True)
class LpNormalization(Normalization):
    """LP_NORMALIZATION: rows over their Euclidean norm, to any quantisation."""

    kind: ClassVar[str] = "LP_NORMALIZATION"
