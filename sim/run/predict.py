"""The model backend for many configurations of one network.

The network is imported once. What does not depend on main memory's timing, the clock and the CPU
is kept: the Program, and its streams as the model has prepared them. So are the values that
operators on the CPU read; bit-exact, they are the same on every configuration.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.numerics import Int8Array
from tilewright.hw.spec.soc_config import SMALL_CPUS, SocConfig
from tilewright.hw.spec.steps import NPU
from tilewright.mapper.compile import Mapper
from tilewright.mapper.program.program import Program
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.functional.watched import Read
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.networks.inputs import SYNTHETIC_INPUT, default_inputs
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.results.measured import Measured, model_info, run_result
from tilewright.sim.results.result import Host, RunResult
from tilewright.sim.results.rows import measured_rows
from tilewright.sim.results.segments import Segment
from tilewright.sim.results.streams import Sent, sent

KEPT = 16
"""Mapped configurations that are kept; the one used longest ago goes first."""


@dataclass(frozen=True)
class ModelRun:
    """What the model said, and what it was made from: the Program on that configuration."""

    result: RunResult
    program: Program
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class _Mapped:
    program: Program
    backend: ModelBackend
    sent: Mapping[int, Sent]


_Steps = tuple[tuple[str, str], ...]
"""Kind and output tensor of each step; where they are the same, the CPU reads the same values."""


class Predictor:
    """Predicts one network, for an input, on any configuration.

    ``inputs``: by tensor, int8 in the graph's layout; a seeded signal where there are none.
    ``remarks`` on them go into the result.
    """

    def __init__(
        self,
        network: NetworkFile,
        inputs: Mapping[str, Int8Array] | None = None,
        remarks: tuple[str, ...] = (SYNTHETIC_INPUT,),
    ) -> None:
        self._mapper = Mapper(network.graph)
        self._inputs = default_inputs(network.graph) if inputs is None else inputs
        self._model = model_info(network, remarks)
        self._mapped: OrderedDict[Config, _Mapped] = OrderedDict()
        self._values: dict[_Steps, Mapping[int, Sequence[Read]]] = {}

    def predict(self, config: Config) -> RunResult:
        """One inference by the model backend.

        Raises RequestError, naming layer, limit and remedy, for a configuration that the network
        does not fit or that the model has no figures for; others can be predicted afterwards.
        """
        return self.prediction(config).result

    def prediction(self, config: Config) -> ModelRun:
        """As `predict`, with the Program and the segments."""
        _require_figures(config)
        mapped = self._map(config)
        model = mapped.backend.run(config, self._cpu_inputs(mapped.program))
        program = replace(mapped.program, config=config)
        measured = Measured(
            rows=measured_rows(program, model.segments, mapped.sent),
            peak_sram_bytes=program.peak_sram_bytes,
            host=Host(build_s=0.0, simulate_s=model.predict_s, cycles_per_s=None),
        )
        result = run_result(self._model, config, "model", measured)
        return ModelRun(result, program, model.segments)

    @property
    def kept(self) -> int:
        """Mapped configurations that are kept."""
        return len(self._mapped)

    def _map(self, config: Config) -> _Mapped:
        key = mapping_of(config)
        mapped = self._mapped.get(key)
        if mapped is None:
            program = self._mapper.program(config)
            backend = ModelBackend(program)
            mapped = _Mapped(program, backend, sent(backend.commands(), config.npu))
            self._mapped[key] = mapped
            if len(self._mapped) > KEPT:
                self._mapped.popitem(last=False)
        self._mapped.move_to_end(key)
        return mapped

    def _cpu_inputs(self, program: Program) -> Mapping[int, Sequence[Read]]:
        """By number of step; computed for the first Program with such steps."""
        if all(step.kind == NPU for step in program.steps):
            return {}
        steps = tuple((step.kind.name, program.layers[step.layer].tensor) for step in program.steps)
        if steps not in self._values:
            self._values[steps] = run_functional(program, self._inputs).cpu_inputs
        return self._values[steps]


def has_figures(config: Config) -> bool:
    """Whether the model knows a configuration's cycles: not those of designs for small FPGAs."""
    return not _unmodelled(config)


def _require_figures(config: Config) -> None:
    if setting := _unmodelled(config):
        raise RequestError(f"{setting}: the model has no figures of its cycles; use --backend rtl")


def _unmodelled(config: Config) -> str:
    """The setting that the model has no figures of; empty: there is none."""
    if config.soc.npu != "none" and config.npu.microcode:
        return f"control = {config.npu.control}"
    return f"cpu = {config.soc.cpu}" if config.soc.cpu in SMALL_CPUS else ""


def mapping_of(config: Config) -> Config:
    """Equal for configurations onto which a network is mapped alike.

    Sort by its fields to predict such configurations one after the other.
    """
    soc = SocConfig(npu=config.soc.npu, memory_bytes=config.soc.memory_bytes)
    return Config(npu=config.npu, soc=soc)
