"""The five benchmarks of MLPerf Tiny: what a device is sent, and what it answers with.

Source: the reference submissions of github.com/mlcommons/tiny (benchmark/reference_submissions),
whose ``th_load_tensor`` and ``th_results`` say how bytes become an input and outputs a result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import shown
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.interface import encode_input

Array = NDArray[Any]

FLOAT_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One of the benchmarks.

    Attributes
    ----------
    name: as ``--mlperf`` takes it; without a file, the built-in network of that name.
    model_id: what the runner chooses its script by.
    element_bytes: bytes on the serial line of an element of the input.
    decode: bytes of one input -> its elements, int8 as quantised or float32 to be quantised.
    mean_squared_error: the answer is that between input and output, not the outputs.
    frames: several inputs may come at once; an inference is all of them, one after another.
    """

    name: str
    model_id: str
    element_bytes: int
    decode: Callable[[bytes], Array]
    mean_squared_error: bool = False
    frames: bool = False


def _signed(data: bytes) -> Array:
    return np.frombuffer(data, np.int8)


def _pixels(data: bytes) -> Array:
    """uint8, from which the device takes 128."""
    return (np.frombuffer(data, np.uint8).astype(np.int16) - 128).astype(np.int8)


def _floats(data: bytes) -> Array:
    return np.frombuffer(data, "<f4")


BENCHMARKS: Mapping[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark(name="vww", model_id="vww01", element_bytes=1, decode=_pixels),
        Benchmark(name="kws", model_id="kws01", element_bytes=1, decode=_signed),
        Benchmark(name="ic", model_id="ic01", element_bytes=1, decode=_pixels),
        Benchmark(
            name="ad",
            model_id="ad01",
            element_bytes=FLOAT_BYTES,
            decode=_floats,
            mean_squared_error=True,
        ),
        # The C header of the reference calls it strww01; the runner's scripts know only this.
        Benchmark(name="sww", model_id="sww01", element_bytes=1, decode=_signed, frames=True),
    )
}
"""By name."""

_ELEMENTS = {96 * 96 * 3: "vww", 490: "kws", 32 * 32 * 3: "ic", 640: "ad"}
"""Of the input, and the benchmark that has so many."""


def find_benchmark(name: str | None, graph: Graph, model: str) -> Benchmark:
    """The benchmark of that name, or, without one, that of the network's input and states.

    Raises RequestError where there is none of that name, the network has several inputs, or nothing
    tells which benchmark it is.
    """
    if len(graph.inputs) != 1:
        raise RequestError(
            f"--mlperf: {shown(model)} has {len(graph.inputs)} inputs; the runner sends one"
        )
    if name is None:
        name = "sww" if graph.states else _ELEMENTS.get(input_elements(graph), "")
    if name not in BENCHMARKS:
        told = f"there is no benchmark {shown(name)!r}" if name else "which benchmark is it?"
        raise RequestError(
            f"--mlperf: {told} ({shown(model)} has an input of {input_elements(graph)} elements); "
            f"name it with --mlperf {{{','.join(BENCHMARKS)}}}"
        )
    return BENCHMARKS[name]


def input_elements(graph: Graph) -> int:
    """Of the network's first input."""
    return int(np.prod(graph.tensors[graph.inputs[0]].shape))


class Codec:
    """Bytes of the serial line to tensors of a network, and its outputs to a result."""

    def __init__(self, benchmark: Benchmark, graph: Graph) -> None:
        self._benchmark = benchmark
        self._graph = graph
        self._tensor = graph.inputs[0]
        self.input_bytes = input_elements(graph) * benchmark.element_bytes
        output = graph.tensors[graph.outputs[0]]
        if benchmark.mean_squared_error and np.prod(output.shape) != input_elements(graph):
            raise RequestError(
                f"--mlperf {benchmark.name}: the answer is the mean squared error between input "
                f"and output, and the network has {input_elements(graph)} elements of one and "
                f"{int(np.prod(output.shape))} of the other"
            )

    def inputs(self, data: bytes) -> Mapping[str, Array]:
        """One input from its `input_bytes`, by tensor. Raises RequestError for a value that is not
        finite.
        """
        shape = self._graph.tensors[self._tensor].shape
        elements = self._benchmark.decode(data).reshape(shape)
        return {self._tensor: encode_input(self._graph, self._tensor, elements)}

    def silence(self) -> Mapping[str, Array]:
        """The input of a device that was sent nothing: real zeros."""
        tensor = self._graph.tensors[self._tensor]
        zero = tensor.zero_point if tensor.quant else 0
        return {self._tensor: np.full(tensor.shape, zero, tensor.dtype)}

    def result(self, data: bytes, outputs: Mapping[str, Array]) -> Sequence[float]:
        """Real values of the first output, or the mean squared error against the input's bytes."""
        name = self._graph.outputs[0]
        tensor = self._graph.tensors[name]
        values = outputs[name].astype(np.float32)
        if tensor.quant:
            values = nm.dequantise(outputs[name], tensor.scale, tensor.zero_point)
        flat = values.reshape(-1)
        if not self._benchmark.mean_squared_error:
            return flat.tolist()
        given = self._benchmark.decode(data) if data else np.zeros(flat.size, np.float32)
        difference = flat.astype(np.float64) - given.astype(np.float64)
        return [float(np.mean(difference**2))]
