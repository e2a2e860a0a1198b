"""Data of the user to the int8 tensors at the inputs of a graph."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw.spec import numerics as nm
from hw.spec.errors import RequestError
from mapper.graph.graph import Graph


def encode_input(graph: Graph, tensor: str, values: NDArray[Any]) -> nm.Int8Array:
    """An input in the file's form as the graph's int8 tensor.

    `values` has the port's shape, or the tensor's, and is of the port's type, int8 (taken as
    quantised) or real (any float), which is quantised. A leading axis of extent 1 may be missing.
    Raises RequestError where shape or type is another, or a value is not finite.
    """
    port, target = graph.ports[tensor], graph.tensors[tensor]
    array = np.asarray(values)
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise RequestError(
                f"network '{graph.name}': input '{port.name}' has values that are not finite"
            )
        integers = nm.quantise(array, target.scale, target.zero_point)
    elif array.dtype == np.int8:
        integers = array
    elif array.dtype.name == port.dtype == "uint8":
        integers = (array.astype(np.int16) - 128).astype(np.int8)
    else:
        other = " or uint8" if port.dtype == "uint8" else ""
        raise RequestError(
            f"network '{graph.name}': input '{port.name}' is {array.dtype.name}; give int8{other} "
            "(quantised) or floating-point values"
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
