"""The inputs of a run: from a file, or a seeded natural signal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import shown
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Port
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.interface import encode_input
from tilewright.sim.networks.arrays import read_arrays
from tilewright.sim.networks.natural import natural

DEFAULT_SEED = 1000

SYNTHETIC_INPUT = "The input is a seeded synthetic signal."
"""Remark on `default_inputs`."""

Array = NDArray[Any]

_LISTED = 8
"""Arrays of a file that a message names."""


def default_inputs(graph: Graph) -> dict[str, Array]:
    """A seeded signal for every input tensor, in the graph's layout and type."""
    return {
        name: _signal(graph.tensors[name], DEFAULT_SEED + number)
        for number, name in enumerate(graph.inputs)
    }


def _signal(tensor: Tensor, seed: int) -> Array:
    """A signal that spans the range of int8 or int16; of other types, small whole numbers."""
    if tensor.dtype == "bool":
        return natural(tensor.shape[1:], seed).reshape(tensor.shape) > 0.5
    low, high = (-(1 << 15), (1 << 15) - 1) if tensor.dtype == "int16" else (-128, 127)
    values = np.round(natural(tensor.shape[1:], seed) * (high - low) + low)
    return values.reshape(tensor.shape).astype(tensor.dtype)


def load_rows(graph: Graph, path: Path) -> list[dict[str, Array]]:
    """The inputs in a .npy or .npz file, a mapping by tensor for each row, in the graph's layout.

    A network with one input takes the array of a .npy file, or the array `x` or the only array of
    a .npz file; with several inputs, a .npz file holds one array of each input's name, or named
    `input_0`, `input_1`, ... in the file's order. An array is of the input's type, int8 as
    quantised, or floating-point, which is quantised. The shape of a row is that in the network file
    or the graph's (NHWC, or flat), with or without the batch; all inputs have as many rows.

    Raises RequestError that names the file, the input and what is expected.
    """
    return rows_of(graph, read_arrays(path), f"{shown(path)}: ")


def rows_of(graph: Graph, arrays: Mapping[str, Array], where: str) -> list[dict[str, Array]]:
    """The same of arrays by name. ``where`` begins messages: what the arrays are from."""
    found: dict[str, list[Array]] = {}
    for position, name in enumerate(graph.inputs):
        port, tensor = graph.ports[name], graph.tensors[name]
        array = _choose(arrays, port, position, len(graph.inputs), where)
        rows = _rows_of(array, tensor, port, f"{where}input '{shown(port.name)}'")
        try:
            found[name] = [encode_input(graph, name, row) for row in rows]
        except RequestError as error:
            raise RequestError(f"{where}{error}") from None
    counts = {len(rows) for rows in found.values()}
    if len(counts) != 1:
        listed = ", ".join(f"'{graph.ports[n].name}' {len(rows)}" for n, rows in found.items())
        raise RequestError(f"{where}inputs have different numbers of rows: {listed}")
    return [{name: rows[i] for name, rows in found.items()} for i in range(counts.pop())]


def _choose(
    arrays: Mapping[str, Array], port: Port, position: int, inputs: int, where: str
) -> Array:
    for known in (port.name, f"input_{position}"):
        if known in arrays:
            return arrays[known]
    if inputs == 1 and "x" in arrays:
        return arrays["x"]
    if inputs == 1 and len(arrays) == 1:
        return next(iter(arrays.values()))
    wanted = f"'{shown(port.name)}'" + (" or 'x'" if inputs == 1 else "")
    listed = ", ".join(map(shown, list(arrays)[:_LISTED])) or "none"
    more = f" and {len(arrays) - _LISTED} more" if len(arrays) > _LISTED else ""
    raise RequestError(f"{where}has no array named {wanted}; it has: {listed}{more}")


def _rows_of(array: Array, tensor: Tensor, port: Port, where: str) -> list[Array]:
    """The rows, each in the file's or the graph's shape."""
    for shape, exact in ((port.shape, port.permutation is not None), (tensor.shape, False)):
        rows = _rows(array, shape, exact)
        if rows is not None:
            return [row.reshape(shape) for row in rows]
    shapes = " or ".join(dict.fromkeys(str(list(shape)) for shape in (port.shape, tensor.shape)))
    raise RequestError(
        f"{where}: the array has shape {list(array.shape)}; the network takes {shapes}, or several "
        "of them as rows"
    )


def _rows(array: Array, shape: tuple[int, ...], exact: bool) -> Array | None:
    """The array as [rows, ...] if each row has this shape (or, unless exact, is flat)."""
    one = shape[1:]
    for rows in (array, array[np.newaxis]):
        if rows.ndim == 0 or rows.shape[0] == 0:
            continue
        found = rows.shape[1:]
        same = found == one or _without_ones(found) == _without_ones(one)
        flat = (
            not exact
            and int(np.prod(found)) == int(np.prod(one))
            and 1
            in (
                len(_without_ones(found)),
                len(_without_ones(one)),
            )
        )
        if same or flat:
            return rows
    return None


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(extent for extent in shape if extent != 1)
