"""What convolutions and matrix products with constant weights share."""

from __future__ import annotations

import numpy as np

from hw.spec import numerics as nm
from mapper.graph.operator import Cpu, Shape, Site
from mapper.graph.tensor import Tensor
from mapper.operators.images import int32_table
from mapper.works import geometry
from mapper.works.geometry import Operand, whole
from mapper.works.requantisation import Requantisation
from mapper.works.window import WindowWork


def require_constant(site: Site, tensor: Tensor, shape: Shape, dtype: str) -> None:
    """Raise RequestError unless a tensor is a constant of this shape and type."""
    if tensor.shape != shape or tensor.dtype != dtype or tensor.data is None:
        site.refuse(
            f": '{tensor.name}' is {tensor.dtype} {tensor.shape}; "
            f"a constant {dtype} {shape} is needed"
        )


def channel_factors(site: Site) -> tuple[nm.Int32Array, nm.Int32Array]:
    """Return (multipliers, shifts), both [output channels], of the requantisation."""
    x, weights = site.inputs[:2]
    if weights.quant is None or any(weights.quant.zero_point):
        site.refuse(
            f": weights '{weights.name}' need scales with zero point 0; quantise them symmetrically"
        )
    channels = site.result.shape[-1]
    return nm.conv_multipliers(x.scale, weights.quant.scale, site.result.scale, channels)


def table_fields(site: Site, cpu: Cpu) -> dict[str, int]:
    """Addresses of weights, biases and factors, placed in main memory."""
    _, weights, bias = site.inputs
    assert weights.data is not None
    assert bias.data is not None
    multipliers, shifts = channel_factors(site)
    values = {"weights": cpu.constant(weights.data.tobytes())}
    for name, table in (("bias", bias.data), ("multipliers", multipliers), ("shifts", shifts)):
        values[name] = int32_table(cpu, table)
    return values


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
