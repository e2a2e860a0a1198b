"""How many samples of a data set a network classifies as they are labelled, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import quoted, shown
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.graph import Graph
from tilewright.sim.functional.backend import FunctionalBackend
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.progress import Progress
from tilewright.sim.report.units import counted, percent
from tilewright.sim.run.inferences import Inferences

UNKNOWN = -1
"""Label of a sample whose class nobody knows."""


@dataclass(frozen=True, repr=False, eq=False)
class Classification:
    """Classes that a network gave to the samples of a data set.

    Attributes
    ----------
    network: its name.
    config: the hardware whose outputs these are.
    classes: number of them: values of the output.
    labels: of each row of the data set, -1 where unknown.
    predicted: class of the largest output of each row; of equal ones, the first.
    """

    network: str
    config: Config
    classes: int
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]

    @property
    def samples(self) -> int:
        """Rows with a label. The others are left out of all counts."""
        return int(np.count_nonzero(self._known))

    @property
    def correct(self) -> int:
        """Samples whose class is their label."""
        return int(np.count_nonzero(self.labels[self._known] == self.predicted[self._known]))

    @property
    def accuracy(self) -> float:
        """Correct ones of the samples, 0 to 1."""
        return self.correct / self.samples

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Samples by label (row) and predicted class (column)."""
        counts = np.zeros((self.classes, self.classes), np.int64)
        np.add.at(counts, (self.labels[self._known], self.predicted[self._known]), 1)
        return counts

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that a reader of the figures must know."""
        if not (unknown := len(self.labels) - self.samples):
            return ()
        verb = "has" if unknown == 1 else "have"
        return (f"{counted(unknown, 'row')} {verb} no label (-1): left out of the counts.",)

    @property
    def _known(self) -> NDArray[np.bool_]:
        return self.labels != UNKNOWN

    def __repr__(self) -> str:
        said = "".join(f" {note}" for note in self.notes)
        return (
            f"<Classification by {self.network}: {percent(self.accuracy)} of "
            f"{counted(self.samples, 'sample')} correct.{said}>"
        )


def classify(
    network: NetworkFile,
    config: Config,
    inferences: Inferences,
    labels: ArrayLike,
    progress: Progress,
) -> Classification:
    """Classify each row on the functional backend, from the network's first states on.

    Raises RequestError where network, input, labels or configuration are wrong, and for a network
    whose outputs are no classes.
    """
    graph = network.graph
    tensor, classes = _scores(graph)
    known = _labels(labels, len(inferences.rows), classes)
    with progress.step("Mapping"):
        program = compile_model(graph, config)
    backend = FunctionalBackend(program)
    predicted = np.empty(len(inferences.rows), np.int64)
    with progress.step("Classifying") as step:
        for number, row in enumerate(inferences.rows):
            step.detail = f"row {number + 1:,} of {len(predicted):,}"
            # A larger integer is a larger real number: scales are positive.
            predicted[number] = np.argmax(backend.run(row).outputs[tensor])
    return Classification(network.name, config, classes, known, predicted)


def _scores(graph: Graph) -> tuple[str, int]:
    """The output tensor that has a value for each class, and their number."""
    if len(graph.outputs) != 1:
        raise RequestError(
            f"network '{shown(graph.name)}': has {len(graph.outputs)} outputs; one with a value "
            "for each class is needed to classify"
        )
    (tensor,) = graph.outputs
    shape = graph.tensors[tensor].shape
    classes = int(np.prod(shape))
    if classes < 2 or max(shape) != classes:
        raise RequestError(
            f"network '{shown(graph.name)}': output '{shown(graph.ports[tensor].name)}' has shape "
            f"{list(shape)}; a value for each of two classes or more is needed to classify"
        )
    return tensor, classes


def _labels(given: ArrayLike, rows: int, classes: int) -> NDArray[np.int64]:
    try:
        labels: NDArray[Any] = np.asarray(given)
    except ValueError as error:
        raise RequestError(f"labels: are no array: {error}") from None
    if labels.shape not in ((rows,), (rows, 1)):
        raise RequestError(
            f"labels: have shape {list(labels.shape)}; give one for each row of the input: [{rows}]"
        )
    if labels.dtype.kind not in "iu":
        raise RequestError(f"labels: are {labels.dtype.name}; give whole numbers, a class each")
    labels = labels.reshape(rows)
    wrong = np.flatnonzero((labels >= classes) | (labels < UNKNOWN))
    if wrong.size:
        first = int(wrong[0])
        raise RequestError(
            f"labels: row {first}: {quoted(labels[first].item())}: must be 0..{classes - 1}, the "
            f"network's {classes} classes, or -1 where it is unknown"
        )
    if not (labels != UNKNOWN).any():
        raise RequestError("labels: all are -1, unknown: nothing to count")
    return labels.astype(np.int64)
