"""Convolutions of every kind, output by output in Python; works on NumPy arrays, pixel by pixel."""

from __future__ import annotations

import itertools

import numpy as np

from tilewright.hw.spec import numerics as nm
from tilewright.mapper.windows.correlation import Correlation
from tilewright.mapper.works.geometry import Operand
from tilewright.mapper.works.window import WindowWork


def sums(c: Correlation, x: np.ndarray, *, transposed: bool = False) -> np.ndarray:
    """int64 [rows, columns, channels]: x [rows, columns, channels] less its zero point, times
    weights, plus bias."""
    inputs, outputs = c.group_channels
    result = np.zeros(c.output_shape, dtype=np.int64) + c.bias
    centred = x.astype(np.int64) - c.zero_point
    for ky, kx in np.ndindex(c.weights.shape[1:3]):
        for a in range(c.rows.inputs if transposed else c.rows.outputs):
            for b in range(c.cols.inputs if transposed else c.cols.outputs):
                y = a * c.rows.stride + ky * c.rows.dilation - c.rows.before
                z = b * c.cols.stride + kx * c.cols.dilation - c.cols.before
                (iy, ix), (oy, ox) = ((a, b), (y, z)) if transposed else ((y, z), (a, b))
                inside = 0 <= iy < c.rows.inputs and 0 <= ix < c.cols.inputs
                if not (inside and 0 <= oy < c.rows.outputs and 0 <= ox < c.cols.outputs):
                    continue
                for group in range(c.groups):
                    taken = centred[iy, ix, group * inputs : (group + 1) * inputs]
                    channels = slice(group * outputs, (group + 1) * outputs)
                    result[oy, ox, channels] += c.weights[channels, ky, kx].astype(int) @ taken
    return result


def results(c: Correlation, x: np.ndarray, *, transposed: bool = False) -> np.ndarray:
    """int8 [rows, columns, channels]."""
    return nm.requantise(
        nm.wrap_int32(sums(c, x, transposed=transposed)),
        c.multipliers, c.shifts, c.output_zero_point, c.lo, c.hi,
    )  # fmt: skip


def run(works: list[WindowWork], x: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """What works write into a result of a shape. Fails where a byte is not written just once."""
    result = np.zeros(shape, dtype=np.int8).reshape(-1)
    written = np.zeros(result.size, dtype=int)
    for work in works:
        values = _values(work, x.reshape(-1))
        for (row, col), pixel in values.items():
            at = _address(work.output, work.output_shape, row, col)
            result[at : at + len(pixel)] = pixel
            written[at : at + len(pixel)] += 1
    assert (written == 1).all()
    return result.reshape(shape)


def _address(operand: Operand, shape: tuple[int, int, int], row: int, col: int) -> int:
    start, pixel, pitch = operand.place(shape)
    return start + row * pitch + col * pixel


def _values(work: WindowWork, data: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    channels = work.output_shape[2]
    taps = work.weights.reshape(channels, *work.kernel, -1).astype(np.int64)
    found = {}
    for row, col in itertools.product(*map(range, work.output_shape[:2])):
        total = np.zeros(channels, dtype=np.int64)
        for ky, kx in np.ndindex(work.kernel):
            y = row * work.stride[0] + ky * work.dilation[0] - work.pad[0]
            z = col * work.stride[1] + kx * work.dilation[1] - work.pad[1]
            pixel = np.full(work.input_shape[2], work.pad_value, dtype=np.int64)
            if 0 <= y < work.input_shape[0] and 0 <= z < work.input_shape[1]:
                at = _address(work.input, work.input_shape, y, z)
                pixel = data[at : at + work.input_shape[2]].astype(np.int64)
            if work.depthwise:
                total += taps[:, ky, kx, 0] * pixel[np.arange(channels) // work.multiplier]
            else:
                total += taps[:, ky, kx] @ pixel
        r = work.requantisation
        found[row, col] = nm.requantise(
            nm.wrap_int32(total + r.bias), r.multipliers, r.shifts, r.zero_point, r.lo, r.hi
        )
    return found
