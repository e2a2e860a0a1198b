"""Data of the user to quantised tensors at the inputs of a graph, and back at its outputs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.graph.graph import Graph


def encode_input(graph: Graph, tensor: str, values: NDArray[Any]) -> NDArray[Any]:
    """An input in the file's form as the graph's tensor.

    `values` has the port's shape, or the tensor's, and is of the port's type, of the tensor's
    (taken as quantised) or real (any float), which is quantised. A leading axis of extent 1 may be
    missing. Raises RequestError where shape or type is another, or a value is not finite.
    """
    port, target = graph.ports[tensor], graph.tensors[tensor]
    array = np.asarray(values)
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise RequestError(
                f"network '{graph.name}': input '{port.name}' has values that are not finite"
            )
        # What overflows on its way is far beyond the type's range, and saturates.
        with np.errstate(over="ignore"):
            integers = nm.quantise(array, target.scale, target.zero_point, target.dtype)
    elif array.dtype == target.dtype:
        integers = array
    elif array.dtype.name == port.dtype == "uint8":
        integers = (array.astype(np.int16) - 128).astype(np.int8)
    else:
        types = " or ".join(dict.fromkeys((target.dtype, port.dtype.replace("float32", ""))))
        raise RequestError(
            f"network '{graph.name}': input '{port.name}' is {array.dtype.name}; give "
            f"{types.removesuffix(' or ')} (quantised) or floating-point values"
        )
    if array.shape in (port.shape, port.shape[1:]):
        declared = integers.reshape(port.shape)
        moved = declared if port.permutation is None else declared.transpose(port.permutation)
        return np.ascontiguousarray(moved).reshape(target.shape)
    if array.shape in (target.shape, target.shape[1:]):
        return integers.reshape(target.shape)
    raise RequestError(
        f"network '{graph.name}': input '{port.name}' has shape {array.shape}; give {port.shape}"
    )


def decode_output(graph: Graph, tensor: str, integers: NDArray[Any]) -> NDArray[Any]:
    """An output of the graph in the file's form: type, shape and order of axes of its port.

    `integers` are the tensor's.
    """
    port, source = graph.ports[tensor], graph.tensors[tensor]
    values: NDArray[Any] = integers
    if port.dtype == "float32" and source.quant is None:
        values = integers.astype(np.float32)
    elif port.dtype == "float32":
        values = nm.dequantise(integers, source.scale, source.zero_point)
    elif port.dtype == "uint8" and source.dtype == "int8":
        values = (integers.astype(np.int16) + 128).astype(np.uint8)
    elif port.dtype == "int64" and source.dtype == "int32":
        values = integers.astype(np.int64)
    if port.permutation is not None:
        laid = values.reshape([port.shape[axis] for axis in port.permutation])
        values = laid.transpose(np.argsort(port.permutation))
    return values.reshape(port.shape)
