"""The chip behind the protocol: what inferences answer, and how long the chip takes for them.

Outputs are the functional backend's, which RTL is compared with element by element. Cycles are
never worked out from the host's time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.steps import NPU
from tilewright.mapper.compile import compile_model
from tilewright.mapper.program.inputs import Tensor
from tilewright.sim.functional.backend import FunctionalBackend, FunctionalResult
from tilewright.sim.networks.inputs import default_inputs
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.run.check import check_run
from tilewright.sim.run.evaluate import RunChip
from tilewright.sim.run.predict import Predictor

Tensors = Mapping[str, Tensor]

Source = Literal["rtl", "functional", "model", "board"]
"""Where cycles come from: of every `infer`, one inference in RTL; RTL once, at power-up; the model;
of every `infer`, one inference on a board."""


@dataclass(frozen=True)
class Answer:
    """Of inferences one after another.

    Attributes
    ----------
    outputs: of the last one, by tensor.
    cycles: of one inference.
    found: how the cycles were found, for the log.
    """

    outputs: Tensors
    cycles: int
    found: str


class Chip:
    """A network on a chip that keeps its states from inference to inference.

    Parameters
    ----------
    network, config: what runs where.
    source: where cycles come from.
    run_chip: one inference in RTL, or on a board; not used by the model.
    note: called with what is worth a line of the log.

    Raises RequestError where the network does not fit, or the model has no figures; CheckError
    where the chip's outputs are wrong.
    """

    def __init__(
        self,
        network: NetworkFile,
        config: Config,
        source: Source,
        run_chip: RunChip,
        note: Callable[[str], None],
    ) -> None:
        self.config = config
        self._network = network
        self._run_chip = run_chip
        self._program = compile_model(network.graph, config)
        self._functional = FunctionalBackend(self._program)
        self._source = source
        self._states: Tensors = {}
        # Operators on the CPU may take longer for some values than for others.
        steady = all(step.kind == NPU for step in self._program.steps)
        self._cycles: int | None = None
        if steady and source in ("functional", "model"):
            inputs = default_inputs(network.graph)
            measured = self._measure(inputs, self._functional.run(inputs))
            self._cycles = measured
            note(f"{measured:,} cycles an inference, {self._how} at power-up, whatever the input")
        elif not steady:
            note("Operators on the CPU: cycles depend on the input and are found for every infer")

    @property
    def _how(self) -> str:
        return {"model": "predicted", "board": "measured on the board"}.get(
            self._source, "measured in RTL"
        )

    def reset_states(self) -> None:
        """Begin a new sequence of inputs."""
        self._states = {}

    def infer(self, rows: Sequence[Tensors], count: int) -> Answer:
        """``count`` inferences, each of all ``rows`` in order; cycles are those of all rows.

        Where the network has no states, each is the same as the first. Raises CheckError where the
        chip fails or its outputs are wrong.
        """
        cycles = 0
        outputs: Tensors = {}
        for row in rows:
            inputs = {**row, **self._states}
            expected = self._functional.run(inputs)
            cycles += self._measure(inputs, expected) if self._cycles is None else self._cycles
            outputs, self._states = expected.outputs, expected.states
        for _ in range(count - 1 if self._states else 0):
            for row in rows:
                expected = self._functional.run({**row, **self._states})
                outputs, self._states = expected.outputs, expected.states
        when = "at power-up" if self._cycles is not None else "now"
        return Answer(outputs, cycles, f"{self._how} {when}")

    def _measure(self, inputs: Tensors, expected: FunctionalResult) -> int:
        """Cycles of one inference."""
        if self._source == "model":
            predicted = Predictor(self._network, inputs).predict(self.config).total.cycles
            assert predicted is not None
            return predicted
        found = self._run_chip(self._program, inputs)
        _, difference = check_run(self._program, inputs, expected, found)
        if difference:
            raise CheckError(f"{self._network.name}: {difference}")
        return found.cycles
