"""The int8 input of a run: from a file, or a seeded natural signal."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw.spec.errors import RequestError
from mapper.graph.graph import Graph
from mapper.graph.op import Port
from mapper.graph.tensor import Tensor
from mapper.interface import encode_input
from sim.natural import natural

DEFAULT_SEED = 1000

SYNTHETIC_INPUT = "The input is a seeded synthetic signal."
"""Remark on `default_inputs`."""

Array = NDArray[Any]
Int8 = NDArray[np.int8]


def default_inputs(graph: Graph) -> dict[str, Int8]:
    """A seeded signal for every input tensor, in the graph's layout."""
    return {
        name: np.round(natural(graph.tensors[name].shape[1:], DEFAULT_SEED + number) * 255 - 128)
        .reshape(graph.tensors[name].shape)
        .astype(np.int8)
        for number, name in enumerate(graph.inputs)
    }


def load_inputs(graph: Graph, path: Path) -> tuple[dict[str, Int8], tuple[str, ...]]:
    """The inputs in a .npy or .npz file, by tensor, in the graph's layout; and remarks on them.

    A network with one input takes the array of a .npy file, or the array `x` or the only array of
    a .npz file; with several inputs, a .npz file holds one array of each input's name. An array is
    int8 (uint8 where the network's input is), or floating-point, which is quantised. Its shape is
    that in the network file or the graph's (NHWC, or flat), with or without the batch; of several
    rows the first is taken.

    Raises RequestError that names the file, the input and what is expected.
    """
    arrays = _read(path)
    inputs: dict[str, Int8] = {}
    remarks: list[str] = []
    for name in graph.inputs:
        port, tensor = graph.ports[name], graph.tensors[name]
        where = f"{path}: input '{port.name}'"
        array, rows = _first_row(
            _choose(arrays, port, len(graph.inputs), path), tensor, port, where
        )
        if rows > 1:
            remarks.append(f"{path} has {rows} rows; the first is used.")
        try:
            inputs[name] = encode_input(graph, name, array)
        except RequestError as error:
            raise RequestError(f"{path}: {error}") from None
    return inputs, tuple(remarks)


def _read(path: Path) -> Mapping[str, Array]:
    if path.suffix.lower() not in (".npy", ".npz"):
        raise RequestError(f"{path}: an input is a .npy or .npz file, as numpy.save writes it")
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {"x": loaded}
            return {name: loaded[name] for name in loaded.files}
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RequestError(f"{path}: is not a NumPy file of numbers: {error}") from None


def _choose(arrays: Mapping[str, Array], port: Port, inputs: int, path: Path) -> Array:
    if port.name in arrays:
        return arrays[port.name]
    if inputs == 1 and "x" in arrays:
        return arrays["x"]
    if inputs == 1 and len(arrays) == 1:
        return next(iter(arrays.values()))
    wanted = f"'{port.name}'" + (" or 'x'" if inputs == 1 else "")
    raise RequestError(
        f"{path}: has no array named {wanted}; it has: {', '.join(arrays) or 'none'}"
    )


def _first_row(array: Array, tensor: Tensor, port: Port, where: str) -> tuple[Array, int]:
    """One row in the file's or the graph's shape, and how many there were to choose from."""
    for shape, exact in ((port.shape, port.permutation is not None), (tensor.shape, False)):
        rows = _rows(array, shape, exact)
        if rows is not None:
            return rows[0].reshape(shape), len(rows)
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
