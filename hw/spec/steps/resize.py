"""Steps that resize images: int8 or any element size for the nearest pixel, int8 for four of them.

Tables hold byte offsets: of a row in an image, of a pixel in a row.
"""

from __future__ import annotations

from math import prod

import numpy as np

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.resize import Taps, resize_bilinear
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values

_SIZES = ("images", "image_bytes", "output_rows", "output_cols")


def _resize_nearest(v: Values, memory: MainMemory) -> None:
    x = memory.read(v["input"], v["images"] * v["image_bytes"]).reshape(v["images"], -1)
    rows = memory.int32(v["row_offsets"], v["output_rows"])
    cols = memory.int32(v["col_offsets"], v["output_cols"])
    offsets = rows[:, None, None] + cols[:, None] + np.arange(v["pixel_bytes"], dtype=np.int32)
    memory.write(v["output"], x[:, offsets].reshape(-1))


def _resize_nearest_bound(v: Values) -> Bound:
    size = v["images"] * v["output_rows"] * v["output_cols"] * v["pixel_bytes"]
    return Bound(size, size)


RESIZE_NEAREST = StepKind(
    "RESIZE_NEAREST",
    # offsets int32 [output_rows] and [output_cols]
    ("input*", "output*", *_SIZES, "pixel_bytes", "row_offsets*", "col_offsets*"),
    _resize_nearest,
    _resize_nearest_bound,
)


def _taps(table: nm.Int32Array, pitch: int) -> Taps:
    lower, upper, fraction = table.reshape(-1, 3).T.tolist()
    return Taps(
        lower=tuple(offset // pitch for offset in lower),
        upper=tuple(offset // pitch for offset in upper),
        fraction=tuple(fraction),
    )


def _resize_bilinear(v: Values, memory: MainMemory) -> None:
    channels, row_bytes = v["channels"], v["row_bytes"]
    shape = (v["images"], v["image_bytes"] // row_bytes, row_bytes // channels, channels)
    x = memory.read(v["input"], prod(shape)).reshape(shape)
    rows = _taps(memory.int32(v["row_taps"], 3 * v["output_rows"]), row_bytes)
    cols = _taps(memory.int32(v["col_taps"], 3 * v["output_cols"]), channels)
    memory.write(v["output"], resize_bilinear(x, rows, cols).reshape(-1))


def _resize_bilinear_bound(v: Values) -> Bound:
    size = v["images"] * v["output_rows"] * v["output_cols"] * v["channels"]
    return Bound(size, 4 * size)


RESIZE_BILINEAR = StepKind(
    "RESIZE_BILINEAR",
    # taps int32 [output_rows][3] and [output_cols][3]: offset of the lower and of the upper
    # neighbour, fraction in 1/1024
    ("input*", "output*", *_SIZES, "row_bytes", "channels", "row_taps*", "col_taps*"),
    _resize_bilinear,
    _resize_bilinear_bound,
)
