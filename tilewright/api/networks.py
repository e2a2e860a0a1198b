"""A network: what is in it, what it takes, and what it answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tilewright.api.arguments import hardware, require_choice
from tilewright.api.frames import to_frame
from tilewright.api.results import Prediction, Run
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import PortType
from tilewright.mapper.program.program import Program
from tilewright.sim.inspect.accepted import accepted
from tilewright.sim.inspect.inspected import Inspected
from tilewright.sim.networks.inputs import SYNTHETIC_INPUT
from tilewright.sim.networks.network_file import NetworkFile, open_network
from tilewright.sim.progress import Progress, silent, told_to
from tilewright.sim.results.course import Course
from tilewright.sim.rtl.backend import RtlResult, run_rtl
from tilewright.sim.run.classify import Classification, classify
from tilewright.sim.run.evaluate import evaluate, require_equal
from tilewright.sim.run.inferences import Tensors, inferences_of
from tilewright.sim.run.predict import Predictor

if TYPE_CHECKING:
    import pandas as pd

Input = str | Path | ArrayLike | Mapping[str, ArrayLike]
"""A .npy or .npz file, an array, or arrays by name."""

_BACKENDS = ("rtl", "model", "functional")
"""Of `Network.run`; a board is `python -m sim board`'s."""

Listener = Callable[[str], object]
"""Is called with a line of text now and then: what is going on."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input or output as the file declares it.

    Attributes
    ----------
    dtype: of the file; a "float32" is quantised inside, by ``scale`` and ``zero_point``.
    scale, zero_point: real = scale * (integer - zero_point); None where it is not quantised.
    """

    name: str
    shape: tuple[int, ...]
    dtype: PortType
    scale: float | None
    zero_point: int | None


@dataclass(frozen=True, kw_only=True)
class Operator:
    """An operator of the network.

    Attributes
    ----------
    op: its kind, CONV_2D for example.
    shape: of its result, NHWC.
    macs: products of an inference; 0 where it multiplies no weights.
    parameters: weights and biases.
    """

    name: str
    op: str
    shape: tuple[int, ...]
    macs: int
    parameters: int


@dataclass(frozen=True)
class Inspection:
    """Where each operator would be computed on a configuration, without running it.

    Attributes
    ----------
    result: as `inspect --json` writes it.
    """

    result: Inspected

    @property
    def fits(self) -> bool:
        """Whether the network runs on the configuration."""
        return not self.result.obstacles

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why it does not run."""
        return self.result.obstacles

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of `inspect --json`, schema ``tilewright.inspect/1``."""
        return self.result.to_dict()

    def to_frame(self) -> pd.DataFrame:
        """A row an operator, by its name, with where it is computed and why.

        Raises RequestError without pandas.
        """
        return to_frame(
            ({**vars(op), "op": op.kind} for op in self.result.ops),
            ("name", "op", "shape", "macs", "status", "reason", "quantisation"),
            index="name",
        )


class Network:
    """A network that `load` has read. What was mapped for predictions is kept with it."""

    def __init__(self, file: NetworkFile, model: str) -> None:
        self.file = file
        """The imported network."""
        self.model = model
        """How it was named."""

    def __repr__(self) -> str:
        return f"<Network {self.name}: {len(self.layers)} operators, {self.macs:,} MACs>"

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.file.name

    @property
    def path(self) -> str:
        """Where it is from."""
        return self.file.path

    @property
    def sha256(self) -> str:
        """Of the file."""
        return self.file.sha256

    @property
    def graph(self) -> Graph:
        """What the importer made of it."""
        return self.file.graph

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that a reader of its figures must know."""
        return (*self.file.notes, *self.graph.remarks)

    @property
    def inputs(self) -> tuple[Port, ...]:
        """Inputs in the file's order."""
        return tuple(_port(self.graph, name) for name in self.graph.inputs)

    @property
    def outputs(self) -> tuple[Port, ...]:
        """Outputs in the file's order."""
        return tuple(_port(self.graph, name) for name in self.graph.outputs)

    @cached_property
    def layers(self) -> tuple[Operator, ...]:
        """Operators in the order in which they are computed."""
        return tuple(
            Operator(
                name=op.name,
                op=op.kind,
                shape=self.graph.result(op).shape,
                macs=self.graph.op_macs(op),
                parameters=sum(t.elements for t in self.graph.operands(op) if t.data is not None),
            )
            for op in self.graph.ops
            if op.outputs
        )

    @property
    def macs(self) -> int:
        """Products of an inference."""
        return self.graph.macs()

    @property
    def parameters(self) -> int:
        """Weights and biases, each constant once."""
        return self.graph.parameters()

    def to_frame(self) -> pd.DataFrame:
        """A row for each of `layers`, by its name. Raises RequestError without pandas."""
        columns = [field.name for field in dataclasses.fields(Operator)]
        return to_frame(map(vars, self.layers), columns, index="name")

    def inspect(self, config: Config | None = None) -> Inspection:
        """Where its operators would be computed, and whether it fits.

        ``config``: the hardware; the preset "default" where none is given, here and below.
        """
        return Inspection(accepted(self.file, hardware(config)))

    def predict(self, config: Config | None = None) -> Prediction:
        """Cycles and energy of one inference by the model, in milliseconds; of a seeded signal.

        The model's cycles are those of RTL (docs/accuracy.md). What does not depend on main
        memory's latency, the clock and the CPU is kept for the next call. Raises RequestError where
        the network does not fit, with layer, limit and remedy, and for designs of which the model
        has no figures.
        """
        config = hardware(config)
        found = self._predictor.prediction(config)
        return Prediction(config, found.result, Course(found.program, found.segments))

    @cached_property
    def _predictor(self) -> Predictor:
        return Predictor(self.file, None, (*self.graph.remarks, SYNTHETIC_INPUT))

    def run(
        self,
        config: Config | None = None,
        input: Input | None = None,  # noqa: A002  (as the verb's option)
        *,
        backend: Literal["rtl", "model", "functional"] = "rtl",
        reset_state: bool = False,
        timeline: bool = False,
        progress: Listener | None = None,
    ) -> Run:
        """Run inferences; each output of "rtl" is checked against the functional backend's.

        Parameters
        ----------
        config: the hardware.
        input: a .npy or .npz file; an array, for a network with one input; or arrays by input name.
            Quantised or floating-point, in the shape of the file's input or the graph's (NHWC),
            with or without batch. Of several rows each is an inference. None: a seeded signal.
        backend: "rtl" simulates the chip (the first run of a configuration builds it, a minute or
            two), "functional" computes outputs in NumPy without cycles, "model" predicts cycles
            without outputs.
        reset_state: begin each row with the network's first state.
        timeline: note when each engine worked, for the timeline of report and pictures.
        progress: is called with a line of text now and then.

        Raises RequestError where input, configuration or file is wrong or the network does not fit,
        CheckError where the chip failed or an output differs.
        """
        require_choice("backend", backend, _BACKENDS)
        config = hardware(config)
        told = silent() if progress is None else told_to(progress)

        def run_chip(program: Program, inputs: Tensors) -> RtlResult:
            return run_rtl(program, inputs, activity=timeline, progress=told)

        inferences = inferences_of(self.graph, _given(input), reset_state=reset_state)
        found = evaluate(self.file, config, backend, inferences, told, run_chip)
        return Run(config, require_equal(self.name, found), found.course, self.graph)

    def evaluate(
        self,
        x: Input,
        y: ArrayLike,
        config: Config | None = None,
        *,
        progress: Listener | None = None,
    ) -> Classification:
        """Classify a data set with the integers that the hardware computes, in NumPy.

        Outputs of the functional backend are those of the RTL, and the same on every configuration
        that the network fits. Each row begins with the network's first states.

        Parameters
        ----------
        x: rows of inputs, as `input` of `run`.
        y: labels: the class of each row, whole numbers from 0 on; -1 where it is unknown.
        config: the hardware.
        progress: is called with a line of text now and then.

        Raises RequestError for rows and labels of the wrong shape, type or number, labels out of
        range, networks without one output that has a value for each class, and as `run`.
        """
        config = hardware(config)
        told = silent() if progress is None else told_to(progress)
        if (given := _given(x)) is None:
            raise RequestError("x: is None; give the rows of a data set")
        return classify(self.file, config, inferences_of(self.graph, given), y, told)


def load(model: str | Path, *, progress: Listener | None = None) -> Network:
    """The network of a .tflite or .onnx file, or a built-in one of `ZOO_NAMES`.

    Raises RequestError for what is no such file, with what may be meant, and for networks that
    cannot be imported, with every obstacle.
    """
    told: Progress = silent() if progress is None else told_to(progress)
    return Network(open_network(str(model), told), str(model))


def _port(graph: Graph, name: str) -> Port:
    port, quant = graph.ports[name], graph.tensors[name].quant
    return Port(
        name=port.name,
        shape=port.shape,
        dtype=port.dtype,
        scale=quant.scale[0] if quant else None,
        zero_point=quant.zero_point[0] if quant else None,
    )


def _given(given: Input | None) -> Path | Mapping[str, NDArray[Any]] | None:
    """An input as a file, or as arrays by name."""
    if given is None:
        return None
    if isinstance(given, str | Path):
        return Path(given)
    return _arrays(given if isinstance(given, Mapping) else {"x": given})


def _arrays(named: Mapping[str, ArrayLike]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for name, given in named.items():
        try:
            arrays[name] = np.asarray(given)
        except ValueError as error:
            raise RequestError(f"input: is no array: {error}") from None
    return arrays
