"""What convolutions and matrix products with constant weights share."""

from __future__ import annotations

import numpy as np

from tilewright.hw.spec import numerics as nm
from tilewright.mapper.graph.operator import Cpu, Shape, Site
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.operators.clamp import is_wide
from tilewright.mapper.operators.images import int32_table
from tilewright.mapper.works import geometry
from tilewright.mapper.works.geometry import Operand, whole
from tilewright.mapper.works.requantisation import Requantisation
from tilewright.mapper.works.window import WindowWork

MOST_WIDE_SHIFT = 7
"""The largest left shift with which sums of int16 are rescaled, as TFLM demands."""

PLAIN_CONV_2D = {
    "dilation_rows": 1,
    "dilation_cols": 1,
    "upsampling_rows": 1,
    "upsampling_cols": 1,
    "groups": 1,
    "weights_zero_point": 0,
    "element_bytes": 1,
    "bias_bytes": 4,
}
"""Fields of a CONV_2D step of int8 without anything special."""


def require_constant(site: Site, tensor: Tensor, shape: Shape, dtype: str) -> None:
    """Raise RequestError unless a tensor is a constant of this shape and type."""
    if tensor.shape != shape or tensor.dtype != dtype or tensor.data is None:
        site.refuse(
            f": '{tensor.name}' is {tensor.dtype} {tensor.shape}; "
            f"a constant {dtype} {shape} is needed"
        )


def require_bias(site: Site, channels: int) -> None:
    """Raise RequestError unless the bias is a constant int32; of int16 also int64."""
    bias = site.inputs[2]
    dtype = "int64" if is_wide(site) and bias.dtype == "int64" else "int32"
    require_constant(site, bias, (channels,), dtype)


def channel_factors(site: Site) -> tuple[nm.Int32Array, nm.Int32Array]:
    """Return (multipliers, shifts), both [output channels], of the requantisation."""
    x, weights = site.inputs[:2]
    if weights.quant is None:
        site.refuse(f": weights '{weights.name}' need scales")
    channels = site.result.shape[-1]
    factors = nm.conv_multipliers(x.scale, weights.quant.scale, site.result.scale, channels)
    if is_wide(site) and factors[1].max() > MOST_WIDE_SHIFT:
        site.refuse(
            f": the scale of '{site.result.name}' is too fine for sums of int16: calibrate again"
        )
    return factors


def weights_zero_point(site: Site) -> int:
    """Return the zero point that all weights share."""
    weights = site.inputs[1]
    points = {0} if weights.quant is None else set(weights.quant.zero_point)
    if len(points) > 1:
        site.refuse(
            f": weights '{weights.name}' have several zero points; quantise them symmetrically, or "
            "as a whole"
        )
    return points.pop()


def weights_objection(site: Site) -> str | None:
    """Return why no array takes these weights; None when one does."""
    if site.inputs[1].data is None:
        return "its weights are computed"
    if is_wide(site):
        return "its activations are int16"
    zero_point = weights_zero_point(site)
    return f"its weights have zero point {zero_point}, not 0" if zero_point else None


def table_fields(site: Site, cpu: Cpu, weights: Tensor | nm.Int8Array) -> dict[str, int]:
    """Addresses of weights, biases and factors; constants are placed in main memory.

    Weights are a tensor as it is, or a constant in the order of the step.
    """
    bias = site.inputs[2].data
    assert bias is not None
    multipliers, shifts = channel_factors(site)
    if isinstance(weights, Tensor):
        values = {"weights": cpu.address(weights.name)}
    else:
        values = {"weights": cpu.constant(weights.tobytes())}
    for name, table in (("multipliers", multipliers), ("shifts", shifts)):
        values[name] = int32_table(cpu, table)
    values["bias"] = cpu.constant(bias.astype(bias.dtype.newbyteorder("<")).tobytes())
    return values


def width_fields(site: Site) -> dict[str, int]:
    """The types of a CONV_2D step."""
    bias = site.inputs[2]
    sizes = (np.dtype(tensor.dtype).itemsize for tensor in (site.x, bias))
    return dict(zip(("element_bytes", "bias_bytes"), sizes, strict=True))


def window_work(
    site: Site,
    flat: nm.Int8Array,
    shapes: tuple[geometry.Shape, geometry.Shape],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int],
    *,
    lo: int,
    hi: int,
    depthwise: bool = False,
) -> WindowWork:
    """The work of an operator with weights int8 [output channels, taps].

    ``shapes`` are those of the input's and the output's image.
    """
    x, _, bias = site.inputs
    assert bias.data is not None
    multipliers, shifts = channel_factors(site)
    folded = bias.data.astype(np.int64) - x.zero_point * flat.sum(axis=1, dtype=np.int64)
    return WindowWork(
        input=Operand(x.name),
        output=Operand(site.result.name),
        input_shape=shapes[0],
        output_shape=shapes[1],
        region=whole(shapes[1]),
        kernel=kernel,
        stride=stride,
        pad=pad,
        pad_value=x.zero_point,
        weights=flat,
        requantisation=Requantisation(
            bias=nm.wrap_int32(folded),
            multipliers=multipliers,
            shifts=shifts,
            zero_point=site.result.zero_point,
            lo=lo,
            hi=hi,
        ),
        depthwise=depthwise,
    )
