"""Steps that copy elements to other places."""

from __future__ import annotations

from numpy.lib.stride_tricks import as_strided

from hw.spec import kernels
from hw.spec.steps.images import IMAGE_IN, read_image
from hw.spec.steps.kind import Bound, MainMemory, StepKind, Values


def _pad(v: Values, memory: MainMemory) -> None:
    around = (v["top"], v["left"], v["bottom"], v["right"])
    memory.write(v["output"], kernels.pad(read_image(v, memory), around, v["value"]).reshape(-1))


def _pad_bound(v: Values) -> Bound:
    rows = v["input_rows"] + v["top"] + v["bottom"]
    cols = v["input_cols"] + v["left"] + v["right"]
    return Bound(rows * cols * v["channels"], 4 * rows * cols * v["channels"])


PAD = StepKind(
    "PAD",
    (*IMAGE_IN, "output*", "top", "left", "bottom", "right", "value"),
    _pad,
    _pad_bound,
)


def _copy(v: Values, memory: MainMemory) -> None:
    count, size = v["chunks"], v["chunk_bytes"]
    source, target = (
        as_strided(
            memory.read(v[place], (count - 1) * v[pitch] + size), (count, size), (v[pitch], 1)
        )
        for place, pitch in (("input", "input_pitch"), ("output", "output_pitch"))
    )
    target[:] = source


def _copy_bound(v: Values) -> Bound:
    elements = v["chunks"] * v["chunk_bytes"]
    return Bound(elements, elements)


COPY = StepKind(
    "COPY",
    # chunks of chunk_bytes: concatenation and slices
    ("input*", "output*", "chunks", "chunk_bytes", "input_pitch", "output_pitch"),
    _copy,
    _copy_bound,
)
