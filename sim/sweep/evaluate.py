"""What a worker does: points of its networks, one after the other."""

from __future__ import annotations

import dataclasses
import json
import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.hw.spec.soc_config import NO_HARDWARE
from tilewright.sim.results.result import RunResult
from tilewright.sim.run.predict import Predictor
from tilewright.sim.run.simulated import simulated
from tilewright.sim.sweep.networks import PackedNetwork
from tilewright.sim.sweep.point import Figure, LayerRow, Outcome, Task

FIGURES = (
    "cycles",
    "latency_s",
    "energy_j",
    "energy_within",
    "mac_utilisation",
    "peak_sram_bytes",
    "npu_cycles",
    "cpu_cycles",
    "read_bytes",
    "write_bytes",
)
"""Columns of the results that are totals of a run, by the same name."""


class Predicts(Protocol):
    """What is asked of a `Predictor`."""

    def predict(self, config: Config) -> RunResult:
        """One inference. Raises RequestError where the network does not fit."""
        ...


class Evaluator:
    """Evaluates points, and keeps what they have in common. Not more than one at a time."""

    def __init__(
        self,
        networks: Iterable[PackedNetwork],
        predictor: Callable[[Any], Predicts] = Predictor,
    ) -> None:
        self._networks = {network.shell.sha256: network for network in networks}
        self._predictor = predictor
        self._predictors: dict[str, Predicts] = {}
        self._baselines: dict[tuple[str, Config], _Baseline] = {}
        self._lock = threading.Lock()

    def evaluate(self, task: Task) -> Outcome:
        """The task's outcome, whatever happens."""
        with self._lock:
            try:
                return self._evaluated(task)
            except RequestError as error:
                return Outcome(task.key, "unmappable", str(error))
            except TilewrightError as error:
                return Outcome(task.key, "failed", str(error))
            except Exception as error:
                last = traceback.format_exception_only(error)[-1].strip()
                return Outcome(task.key, "failed", last, traceback.format_exc())

    def _evaluated(self, task: Task) -> Outcome:
        if task.backend == "rtl":
            result = simulated(self._networks[task.network].unpacked(), task.config)
        else:
            result = self._predictor_of(task.network).predict(task.config)
        total = result.total
        figures: dict[str, Figure] = {name: getattr(total, name) for name in FIGURES}
        baseline = self._baseline(task)
        if baseline.cycles is not None and total.cycles:
            figures["speedup"] = baseline.cycles / total.cycles
        mismatches = result.check.mismatches if result.check else None
        return Outcome(
            key=task.key,
            status="failed" if mismatches else "ok",
            error=f"{mismatches:,} output elements differ from the functional backend's"
            if mismatches
            else None,
            figures=figures,
            layers=_layers(result),
            no_baseline=baseline.reason,
            mismatches=mismatches,
        )

    def _predictor_of(self, network: str) -> Predicts:
        if network not in self._predictors:
            self._predictors[network] = self._predictor(self._networks[network].unpacked())
        return self._predictors[network]

    def _baseline(self, task: Task) -> _Baseline:
        """The CPU alone; always the model's, since in RTL it would take minutes a point."""
        place = task.network, baseline_of(task.config)
        if place not in self._baselines:
            try:
                result = self._predictor_of(task.network).predict(place[1])
                self._baselines[place] = _Baseline(result.total.cycles, None)
            except RequestError as error:
                self._baselines[place] = _Baseline(None, str(error))
        return self._baselines[place]


class _Baseline(NamedTuple):
    cycles: int | None
    reason: str | None


def baseline_of(config: Config) -> Config:
    """The same system without an accelerator.

    Equal for all configurations with the same CPU and main memory: clock and technology do not
    change cycles, and the NPU's own fields mean nothing without it.
    """
    fields = dataclasses.asdict(config.soc).items()
    soc = {name: value for name, value in fields if name not in NO_HARDWARE} | {"npu": "none"}
    return make_config({**soc, "bus_bytes": config.npu.bus_bytes})


def _layers(result: RunResult) -> tuple[LayerRow, ...]:
    return tuple(
        LayerRow(
            position=position,
            name=layer.name,
            op=layer.op,
            engine=layer.engine,
            cycles=layer.cycles,
            macs=layer.macs,
            energy_j=layer.energy_j,
            stalls=json.dumps({cause: n for cause, n in layer.stalls.items() if n}),
        )
        for position, layer in enumerate(result.layers)
    )
