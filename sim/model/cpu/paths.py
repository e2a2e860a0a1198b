"""How often an operator's kernel takes each of its paths, from the step's values.

A path is what a loop of the kernel in ``firmware/kernels`` repeats, without the loops inside it:
``row`` and ``pixel`` of the output, ``group`` of four channels and the ``single`` channels behind
them, their rows of a window, and in a row the unrolled ``chunk`` of four products, the ``tail`` of
fewer than four, and ``tap``. ``step`` is the rest: once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.spec.program import Step
from hw.spec.steps import (
    ADD,
    AVERAGE_POOL_2D,
    CONV_2D,
    COPY,
    DEPTHWISE_CONV_2D,
    FULLY_CONNECTED,
    MAX_POOL_2D,
    MEAN,
    PAD,
    REQUANTISE,
    StepKind,
)

Paths = Mapping[str, float]
"""Counts by name of a path."""

Values = Mapping[str, int]

UNROLL = 4
"""Channels that the kernels compute at once, and products that their inner loops unroll."""

WORD = 4
"""Bytes that memcpy and memset move at once where they can."""


def operator_paths(step: Step) -> Paths:
    """Counts of the paths of any operator but a softmax, which depend on its input."""
    return _PATHS[step.kind](step.values)


def window_counts(
    outputs: int, stride: int, padding: int, kernel: int, size: int
) -> NDArray[np.int64]:
    """Along one axis: the part of each output's window that lies in the image."""
    origin = np.arange(outputs, dtype=np.int64) * stride - padding
    return np.clip(np.minimum(size - origin, kernel) - np.maximum(-origin, 0), 0, None)


def windows(values: Values) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`window_counts` of a step's rows and of its columns."""
    rows, cols = (
        window_counts(
            values[f"output_{axis}"],
            values[f"stride_{axis}"],
            values[f"pad_{side}"],
            values[f"kernel_{axis}"],
            values[f"input_{axis}"],
        )
        for axis, side in (("rows", "top"), ("cols", "left"))
    )
    return rows, cols


def _sums_of_products(
    rows: NDArray[np.int64], runs: NDArray[np.int64], pixels: int, outputs: int
) -> Paths:
    """Kernels of kernels/channels.h: windows of ``rows`` x ``runs`` bytes, ``outputs`` channels."""
    window_rows = int(rows.sum())
    each = {
        "": pixels,
        "_row": window_rows * int((runs > 0).sum()),
        "_chunks": window_rows * int((runs >= UNROLL).sum()),
        "_chunk": window_rows * int((runs // UNROLL).sum()),
        "_tails": window_rows * int((runs % UNROLL > 0).sum()),
        "_tail": window_rows * int((runs % UNROLL).sum()),
    }
    groups, singles = divmod(outputs, UNROLL)
    return {
        "groups": pixels * (groups > 0),
        "singles": pixels * (singles > 0),
        **{f"group{path}": groups * count for path, count in each.items()},
        **{f"single{path}": singles * count for path, count in each.items()},
    }


def _unclamped(v: Values, outputs: int) -> float:
    """Outputs that are not raised to the lower limit: half of them where that is zero (ReLU).

    Of sums around zero, that is; none where the limit lies above zero, else all.
    """
    return outputs * (1 + np.sign(v["output_zero_point"] - v["clamp_low"])) / 2


def _conv_2d(v: Values) -> Paths:
    rows, cols = windows(v)
    pixels = rows.size * cols.size
    sums = _sums_of_products(rows, cols * v["channels"], pixels, v["output_channels"])
    unclamped = _unclamped(v, pixels * v["output_channels"])
    return {"step": 1, "row": rows.size, "pixel": pixels, **sums, "unclamped": unclamped}


def _fully_connected(v: Values) -> Paths:
    one = np.ones(1, np.int64)
    sums = _sums_of_products(one, one * v["channels"], 1, v["output_channels"])
    sums = {path: count for path, count in sums.items() if not path.endswith("_row")}
    return {"step": 1, **sums, "unclamped": _unclamped(v, v["output_channels"])}


def _depthwise_conv_2d(v: Values) -> Paths:
    rows, cols = windows(v)
    pixels = rows.size * cols.size
    grouped = v["channels"] // UNROLL if v["depth_multiplier"] == 1 else 0
    inputs = v["channels"] - grouped * UNROLL
    singles = inputs * v["depth_multiplier"]
    each = {
        "": pixels,
        "_row": int(rows.sum()) * int((cols > 0).sum()),
        "_tap": int(rows.sum()) * int(cols.sum()),
    }
    return {
        "step": 1,
        "row": rows.size,
        "pixel": pixels,
        "groups": pixels * (grouped > 0),
        "singles": pixels * (singles > 0),
        "input": pixels * inputs,
        **{f"group{path}": grouped * count for path, count in each.items()},
        **{f"single{path}": singles * count for path, count in each.items()},
        "unclamped": _unclamped(v, pixels * v["channels"] * v["depth_multiplier"]),
    }


def _max_pool_2d(v: Values) -> Paths:
    """The largest of n elements in no order is found after 1/1 + 1/2 + ... + 1/n changes."""
    rows, cols = windows(v)
    taps = np.outer(rows, cols).ravel()
    changes = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, taps.max() + 1))])
    return {**_pool_2d(v), "single_change": v["channels"] * float(changes[taps].sum())}


def _pool_2d(v: Values) -> Paths:
    rows, cols = windows(v)
    pixels, channels = rows.size * cols.size, v["channels"]
    return {
        "step": 1,
        "row": rows.size,
        "pixel": pixels,
        "single": channels * pixels,
        "single_row": channels * int(rows.sum()) * int((cols > 0).sum()),
        "single_tap": channels * int(rows.sum()) * int(cols.sum()),
    }


def _rescaled(name: str, count: int, shift: int) -> Paths:
    """Of ``count`` rescalings: those to the right, and places shifted if by one a cycle."""
    right = shift < 0
    return {f"{name}_right": count * right, "shifted": count * (-shift - 1 if right else shift)}


def _mean(v: Values) -> Paths:
    singles = v["channels"]
    taps = singles * v["input_rows"] * v["input_cols"]
    paths = {"step": 1, "single": singles, "single_tap": taps}
    rescaled = _rescaled("single", singles, v["shift"])
    return {**paths, **rescaled, "unclamped": _unclamped(v, singles)}


def _requantise(v: Values) -> Paths:
    rescaled = _rescaled("element", v["count"], v["shift"])
    return {"step": 1, "element": v["count"], **rescaled, "unclamped": _unclamped(v, v["count"])}


def _add(v: Values) -> Paths:
    count = v["count"]
    rescaled = [_rescaled(name, count, v[f"{name}_shift"]) for name in ("a", "b", "output")]
    paths = {name: n for paths in rescaled for name, n in paths.items()}
    paths["shifted"] = sum(paths["shifted"] for paths in rescaled)
    return {"step": 1, "element": count, **paths, "unclamped": _unclamped(v, count)}


@dataclass
class _Moves:
    """What memcpy and memset do: ``words``, and single bytes in front (``heads``) and behind."""

    calls: int = 0
    heads_loops: int = 0
    heads: int = 0
    words_loops: int = 0
    words: int = 0
    tails_loops: int = 0
    tails: int = 0

    def move(self, target: int, source: int, size: int) -> None:
        """One call; of memset, ``source`` = ``target``."""
        head = min(-target % WORD, size)
        words, tail = divmod(size - head, WORD)
        if (target ^ source) % WORD:
            head, words, tail = 0, 0, size
        self.calls += 1
        self.heads_loops += head > 0
        self.heads += head
        self.words_loops += words > 0
        self.words += words
        self.tails_loops += tail > 0
        self.tails += tail

    def paths(self, name: str) -> Paths:
        """Counts by name."""
        return {
            name: self.calls,
            f"{name}_heads": self.heads_loops,
            f"{name}_head": self.heads,
            f"{name}_words": self.words_loops,
            f"{name}_word": self.words,
            f"{name}_tails": self.tails_loops,
            f"{name}_tail": self.tails,
        }


def _copy(v: Values) -> Paths:
    copied = _Moves()
    for chunk in range(v["chunks"]):
        target = v["output"] + chunk * v["output_pitch"]
        copied.move(target, v["input"] + chunk * v["input_pitch"], v["chunk_bytes"])
    return {"step": 1, **copied.paths("copied")}


def _pad(v: Values) -> Paths:
    row = v["input_cols"] * v["channels"]
    left, right = v["left"] * v["channels"], v["right"] * v["channels"]
    padded = left + row + right
    copied, filled = _Moves(), _Moves()
    target, source = v["output"], v["input"]

    def fill(size: int) -> int:
        filled.move(target, target, size)
        return target + size

    target = fill(v["top"] * padded)
    for _ in range(v["input_rows"]):
        target = fill(left)
        copied.move(target, source, row)
        target, source = target + row, source + row
        target = fill(right)
    fill(v["bottom"] * padded)
    return {"step": 1, **copied.paths("copied"), **filled.paths("filled")}


_PATHS: Mapping[StepKind, Callable[[Values], Paths]] = {
    CONV_2D: _conv_2d,
    DEPTHWISE_CONV_2D: _depthwise_conv_2d,
    FULLY_CONNECTED: _fully_connected,
    ADD: _add,
    REQUANTISE: _requantise,
    AVERAGE_POOL_2D: _pool_2d,
    MAX_POOL_2D: _max_pool_2d,
    MEAN: _mean,
    COPY: _copy,
    PAD: _pad,
}
