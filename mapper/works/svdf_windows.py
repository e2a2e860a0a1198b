"""The products and sums of an SVDF as works of the array."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.hw.spec.numerics import Int8Array, Int32Array, wrap_int32
from tilewright.mapper.works.geometry import Operand, Shape, whole
from tilewright.mapper.works.requantisation import uniform
from tilewright.mapper.works.window import WindowWork


def plain_products(
    operand: Operand, image: Shape, zero_point: int, weights: Int8Array, factor: tuple[int, int]
) -> WindowWork:
    """The products of an image's pixels with weights [channels, bytes of a pixel], to int8 with
    zero point 0."""
    shape = (*image[:2], len(weights))
    folded = -zero_point * weights.sum(axis=1, dtype=np.int64)
    return WindowWork(
        input=operand,
        output=operand,
        input_shape=image,
        output_shape=shape,
        region=whole(shape),
        kernel=(1, 1),
        stride=(1, 1),
        pad=(0, 0),
        pad_value=zero_point,
        weights=weights,
        requantisation=replace(uniform(len(weights), 0, factor), bias=wrap_int32(folded)),
        depthwise=False,
    )


def slot_sums(
    operand: Operand,
    image: Shape,
    weights: Int8Array,
    state_zero_point: int,
    result: tuple[Int32Array, tuple[int, int], int],
) -> WindowWork:
    """The sums of each channel over rows and columns of a batch, of an image of batches one below
    the other.

    ``weights``: [channels, rows of a batch, columns]; ``result``: bias, factor, zero point.
    """
    channels, slots, ranks = weights.shape
    bias, factor, zero_point = result
    shape = (image[0] // slots, 1, channels)
    flat = weights.reshape(channels, -1)
    folded = bias.astype(np.int64) - state_zero_point * flat.sum(axis=1, dtype=np.int64)
    return WindowWork(
        input=operand,
        output=operand,
        input_shape=image,
        output_shape=shape,
        region=whole(shape),
        kernel=(slots, ranks),
        stride=(slots, ranks),
        pad=(0, 0),
        pad_value=state_zero_point,
        weights=flat,
        requantisation=replace(uniform(channels, 0, factor, zero_point), bias=wrap_int32(folded)),
        depthwise=True,
    )
