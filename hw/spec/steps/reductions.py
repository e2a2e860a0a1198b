"""Steps that reduce axes of a tensor."""

from __future__ import annotations

import numpy as np

from hw.spec import numerics as nm
from hw.spec.steps.images import IMAGE_IN, QUANT, read_image
from hw.spec.steps.kind import Bound, MainMemory, StepKind, Values


def _mean(v: Values, memory: MainMemory) -> None:
    x = read_image(v, memory)
    pixels = x.shape[1] * x.shape[2]
    sums = x.sum(axis=(1, 2), dtype=np.int64) - v["input_zero_point"] * pixels
    result = nm.requantise(
        nm.wrap_int32(sums),
        v["multiplier"],
        v["shift"],
        v["output_zero_point"],
        v["clamp_low"],
        v["clamp_high"],
    )
    memory.write(v["output"], result.reshape(-1))


def _mean_bound(v: Values) -> Bound:
    return Bound(v["channels"], 4 * v["channels"] * v["input_rows"] * v["input_cols"])


MEAN = StepKind(
    "MEAN",
    # mean over rows and cols of each channel
    (*IMAGE_IN, "output*", "multiplier", "shift", *QUANT),
    _mean,
    _mean_bound,
)
