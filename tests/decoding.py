"""Outputs of a network as its file declares them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.mapper.graph.graph import Graph


def decode_output(graph: Graph, tensor: str, values: NDArray[np.int8]) -> NDArray[Any]:
    """An int8 output tensor in the file's form: its shape, order of axes and type."""
    port, source = graph.ports[tensor], graph.tensors[tensor]
    integers = values.reshape(source.shape)
    if port.permutation is not None:
        laid = integers.reshape([port.shape[axis] for axis in port.permutation])
        integers = laid.transpose(np.argsort(port.permutation))
    integers = integers.reshape(port.shape)
    if port.dtype == "float32":
        return nm.dequantise(integers, source.scale, source.zero_point)
    return (integers.astype(np.int16) + 128).astype(np.uint8) if port.dtype == "uint8" else integers
