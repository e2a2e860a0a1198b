"""Steps that compute norms of int8, or divide by them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.norms import NormalizeParameters, normalize, power_sum, square_root
from tilewright.hw.spec.steps.images import QUANT
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values
from tilewright.hw.spec.steps.reductions import VIEW, reduce_bound, view

_VIEW = tuple(field for field in VIEW if field != "element_bytes")


def _reduce_norm(v: Values, memory: MainMemory) -> None:
    x = view({**v, "element_bytes": 1}, memory).astype(np.int64) - v["input_zero_point"]
    sums = power_sum(x.reshape(*x.shape[:3], -1), v["power"])
    if v["root"]:
        sums = np.array([square_root(value) for value in sums.reshape(-1).tolist()])
    result = nm.requantise(
        nm.wrap_int32(sums),
        v["multiplier"],
        v["shift"],
        v["output_zero_point"],
        v["clamp_low"],
        v["clamp_high"],
    )
    memory.write(v["output"], result.reshape(-1))


REDUCE_NORM = StepKind(
    "REDUCE_NORM",
    # the rescaled sum of magnitudes (power 1) or squares (power 2) of elements less their zero
    # point; root 1: its square root, with 15 fraction bits
    (*_VIEW, "power", "root", "multiplier", "shift", *QUANT),
    _reduce_norm,
    reduce_bound,
)


def _normalize(v: Values, memory: MainMemory) -> None:
    outer, depth, inner = (v[name] for name in ("outer", "depth", "inner"))
    x = memory.read(v["input"], outer * depth * inner).reshape(outer, depth, inner)
    place = (
        (np.arange(outer) % v["period"])[:, None, None]
        + (np.arange(depth) * v["depth_pitch"])[:, None]
        + np.arange(inner) * v["inner_pitch"]
    )
    count = int(place.max()) + 1
    factors = memory.int32(v["factors"], count)[place]
    summands = memory.int64(v["summands"], count)[place]
    parameters = NormalizeParameters(
        centred=bool(v["centred"]),
        power=v["power"],
        epsilon=(v["epsilon_high"] << 32) | (v["epsilon_low"] & 0xFFFFFFFF),
        shift=v["shift"],
        input_zero_point=v["input_zero_point"],
        output_zero_point=v["output_zero_point"],
        lo=v["clamp_low"],
        hi=v["clamp_high"],
    )

    def rows(array: NDArray[Any]) -> NDArray[Any]:
        return array.transpose(0, 2, 1).reshape(-1, depth)

    result = normalize(rows(x), rows(factors), rows(summands), parameters)
    memory.write(v["output"], result.reshape(outer, inner, depth).transpose(0, 2, 1).reshape(-1))


def _normalize_bound(v: Values) -> Bound:
    rows = v["outer"] * v["inner"]
    elements = rows * v["depth"]
    # A row's root and reciprocal are found bit by bit.
    return Bound(2 * elements + 16 * rows, 8 * elements + 256 * rows)


NORMALIZE = StepKind(
    "NORMALIZE",
    # int8 [outer][depth][inner], each row along depth normalised (hw/spec/norms.py). factors int32
    # and summands int64 at outer % period + depth * depth_pitch + inner * inner_pitch; centred is 0
    # or 1, with power 2; else power 1 or 2; epsilon an int64 in two words
    (
        "input*",
        "output*",
        "factors*",
        "summands*",
        "outer",
        "depth",
        "inner",
        "period",
        "depth_pitch",
        "inner_pitch",
        "centred",
        "power",
        "epsilon_low",
        "epsilon_high",
        "shift",
        *QUANT,
    ),
    _normalize,
    _normalize_bound,
)
