"""What a network takes on a configuration: predicted by the model, or run on a backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tilewright.api.frames import to_frame
from tilewright.api.pictures import Picture
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.interface import decode_output
from tilewright.sim.costs.area import Area
from tilewright.sim.report.page import write_page
from tilewright.sim.report.units import counted, quantity
from tilewright.sim.results.course import Course
from tilewright.sim.results.result import Inference, Layer, RunResult

if TYPE_CHECKING:
    import pandas as pd

_OF_A_LAYER = (
    "name", "op", "engine", "cycles", "macs", "mac_utilisation", "energy_j", "reason",
)  # fmt: skip
"""Attributes of a layer that are columns of a frame."""


@dataclass(frozen=True, repr=False)
class _Evaluated:
    """What predictions and runs have in common.

    Attributes
    ----------
    config: the hardware.
    result: every figure, as `run --json` writes them.
    course: what ran and when, for reports and pictures.
    """

    config: Config
    result: RunResult
    course: Course

    @property
    def area(self) -> Area:
        """Of the chip without its main memory, in gate equivalents; estimated."""
        return self.result.area

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Rows of the report, in order: layers, then what belongs to none. Cycles add up."""
        return self.result.layers

    @property
    def mac_utilisation(self) -> float | None:
        """Products over what the array could have made; None without an array or cycles."""
        return self.result.total.mac_utilisation

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that a reader of the figures must know."""
        return self.result.model.notes

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of `run --json`, schema ``tilewright.run/1``."""
        return self.result.to_dict()

    def to_json(self, path: str | Path) -> None:
        """Write that document; it appears whole or not at all. Raises RequestError."""
        self.result.to_json(Path(path))

    def to_frame(self) -> pd.DataFrame:
        """A row a layer, by its name: operator, engine, cycles, products, joules, lost cycles.

        A column ``lost_CAUSE`` for each cause that cost cycles. Raises RequestError without pandas.
        """
        causes = {cause: _lost(cause) for layer in self.layers for cause in layer.losses}
        return to_frame(
            (
                {name: getattr(layer, name) for name in _OF_A_LAYER}
                | {column: layer.losses.get(cause, 0) for cause, column in causes.items()}
                for layer in self.layers
            ),
            (*_OF_A_LAYER, *causes.values()),
            index="name",
        )

    def write_report(self, path: str | Path) -> None:
        """Write the page of `run --report`. Raises RequestError where it cannot be written."""
        write_page(Path(path), self.result, self.course)

    def pictures(self) -> dict[str, Picture]:
        """The report's pictures by name: those of "cycles", "timeline", "roofline", "memory" and
        "energy" for which there are figures. The last expression of a notebook's cell is shown.
        """
        from tilewright.sim.report.figures.run import run_figures

        figures = run_figures(self.result, self.course)
        return {name: Picture(name, figure) for name, figure in figures.items()}

    def __repr__(self) -> str:
        total = self.result.total
        figures = [counted(total.cycles, "cycle")] if total.cycles is not None else []
        figures += [quantity(total.energy_j, "J")] if total.energy_j is not None else []
        described = ": " + ", ".join(figures) if figures else ""
        return (
            f"<{type(self).__name__} of {self.result.model.name} by "
            f"{self.result.backend}{described}>"
        )


@dataclass(frozen=True, repr=False)
class Prediction(_Evaluated):
    """What the model says of one inference. Its attributes are those of `Run`, without outputs."""

    @property
    def cycles(self) -> int:
        """Of the inference, from the firmware's call that starts it to its return."""
        assert self.result.total.cycles is not None
        return self.result.total.cycles

    @property
    def latency_s(self) -> float:
        """The same in seconds, at the configuration's clock."""
        return self.cycles / self.config.soc.clock_hz

    @property
    def energy_j(self) -> float | None:
        """Modelled, not measured, in the technology; None where events are not counted."""
        return self.result.total.energy_j


@dataclass(frozen=True, repr=False)
class Run(_Evaluated):
    """One inference or several on a backend; of several, figures are those of the last.

    Attributes
    ----------
    graph: the network's, by which outputs are decoded.
    """

    graph: Graph

    @property
    def cycles(self) -> int | None:
        """As `Prediction.cycles`; None of the functional backend, which knows none."""
        return self.result.total.cycles

    @property
    def latency_s(self) -> float | None:
        """As `Prediction.latency_s`; None of the functional backend."""
        return self.result.total.latency_s

    @property
    def energy_j(self) -> float | None:
        """As `Prediction.energy_j`; None of the functional backend as well."""
        return self.result.total.energy_j

    @property
    def inferences(self) -> tuple[Inference, ...]:
        """Cycles, joules and quantised outputs of each inference, one after another."""
        return self.result.inferences

    @property
    def outputs(self) -> dict[str, NDArray[Any]]:
        """By name, in type, shape and layout of the network's file: what other runtimes give.

        Of several inferences the first axis has one after another. Raises RequestError where the
        backend, the model, computes none.
        """
        return {
            self.graph.ports[tensor].name: _joined(
                [decode_output(self.graph, tensor, v) for v in each]
            )
            for tensor, each in self._integers().items()
        }

    @property
    def quantised_outputs(self) -> dict[str, NDArray[Any]]:
        """The same as the accelerator leaves them: integers in the layout of the graph (NHWC).

        Raises RequestError as `outputs`.
        """
        return {
            self.graph.ports[tensor].name: _joined(each)
            for tensor, each in self._integers().items()
        }

    def _integers(self) -> Mapping[str, list[NDArray[Any]]]:
        """By tensor, an array an inference."""
        if self.result.backend == "model":
            raise RequestError(
                'the model computes no outputs; use backend="rtl" or backend="functional"'
            )
        tensors = {self.graph.ports[tensor].name: tensor for tensor in self.graph.outputs}
        found: dict[str, list[NDArray[Any]]] = {}
        for inference in self.inferences:
            for output in inference.outputs:
                values = np.array(output.values, dtype=output.dtype).reshape(output.shape)
                found.setdefault(tensors[output.name], []).append(values)
        return found


def _joined(each: list[NDArray[Any]]) -> NDArray[Any]:
    if len(each) == 1:
        return each[0]
    return np.concatenate(each) if each[0].ndim else np.stack(each)


def _lost(cause: str) -> str:
    return f"lost_{cause.replace(' ', '_')}"
