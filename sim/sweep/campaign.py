"""Points into rows: what is stored already is skipped, the rest is evaluated and stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tilewright.hw.spec.config import Config
from tilewright.sim.costs.area import Area, chip_sram_bytes
from tilewright.sim.costs.clock import max_clock_hz
from tilewright.sim.costs.silicon import area_mm2
from tilewright.sim.files import make_folder, write_atomically
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.sweep.candidate import Backend, Candidate, point_key
from tilewright.sim.sweep.meter import Meter
from tilewright.sim.sweep.point import Figure, Outcome, Task
from tilewright.sim.sweep.store import Store


class Executor(Protocol):
    """Evaluates tasks somewhere."""

    def outcomes(self, tasks: Sequence[Task]) -> Generator[Outcome]:
        """An outcome of each, as they come."""
        ...


class Campaign:
    """The networks of a sweep, on whatever configurations it is given.

    ``area`` answers the size of a configuration's hardware.
    """

    def __init__(
        self,
        store: Store,
        executor: Executor,
        networks: Sequence[NetworkFile],
        backend: Backend,
        area: Callable[[Config], Area],
        failures: Path,
    ) -> None:
        self._store = store
        self._executor = executor
        self._networks = networks
        self._backend: Backend = backend
        self._area = area
        self._failures = failures
        self._stored = store.keys()
        self.no_baseline: Counter[str] = Counter()
        """Points that have no speed-up, by reason."""
        self.again = 0
        """Points that failed under an earlier command."""

    def known(self, scenario: Sequence[str], scenarios: int) -> int:
        """Stored designs that have been evaluated for every network in so many scenarios.

        ``scenario``: the fields in which scenarios differ.
        """
        return self._store.evaluated_designs(len(self._networks) * scenarios, scenario)

    def begin(self) -> None:
        """From here on only what `request` names is part of the sweep, whatever is stored."""
        self._store.request_none()

    def request(self, candidates: Iterable[Candidate]) -> None:
        """Make these configurations part of the sweep. Points of them that failed are forgotten."""
        keys = [
            point_key(network.sha256, self._backend, chosen)
            for chosen in candidates
            for network in self._networks
        ]
        failed = self._store.request(keys)
        self._stored -= failed
        self.again += len(failed)

    def missing(self, candidates: Iterable[Candidate]) -> list[tuple[NetworkFile, Candidate, str]]:
        """Points of these configurations that are not stored yet, with their keys."""
        return [
            (network, chosen, key)
            for chosen in candidates
            for network in self._networks
            if (key := point_key(network.sha256, self._backend, chosen)) not in self._stored
        ]

    def complete(self, candidates: Iterable[Candidate], meter: Meter) -> None:
        """See that every network has a row for each of these configurations."""
        tasks: dict[str, tuple[Task, NetworkFile, Candidate]] = {}
        for network, chosen, key in self.missing(candidates):
            if chosen.config is None:
                refused = Outcome(key, "invalid", chosen.refusal)
                self._record(refused, network, chosen, meter)
            else:
                task = Task(key, network.sha256, self._backend, chosen.config)
                tasks[key] = task, network, chosen
        for outcome in self._executor.outcomes([task for task, _, _ in tasks.values()]):
            _, network, chosen = tasks[outcome.key]
            self._record(outcome, network, chosen, meter)
        self._store.commit()

    def rows(self, chosen: Candidate) -> list[dict[str, Any]]:
        """The stored points of a configuration, one a network."""
        keys = (point_key(network.sha256, self._backend, chosen) for network in self._networks)
        return [row for key in keys if (row := self._store.point(key)) is not None]

    def _record(
        self, outcome: Outcome, network: NetworkFile, chosen: Candidate, meter: Meter
    ) -> None:
        if outcome.traceback:
            make_folder(self._failures)
            about = f"{network.path}\n{chosen.identity}\n\n{outcome.traceback}"
            write_atomically(self._failures / f"{outcome.key}.txt", about)
        if outcome.no_baseline:
            self.no_baseline[outcome.no_baseline] += 1
        point = {
            "key": outcome.key,
            "model": network.name,
            "backend": self._backend,
            **chosen.fields,
            "status": outcome.status,
            "error": outcome.error,
            **outcome.figures,
            **(self._size(chosen.config) if chosen.config else {}),
        }
        # A point in RTL took long, and the next one may take as long.
        self._store.add(point, outcome.layers, at_once=self._backend == "rtl")
        self._stored.add(outcome.key)
        meter.count(outcome.status)

    def _size(self, config: Config) -> Mapping[str, Figure]:
        """Columns `OF_THE_CHIP`."""
        area = self._area(config)
        return {
            "area_ge": area.total_ge,
            "logic_ge": area.logic_ge,
            "memory_ge": area.memory_ge,
            "sram_bytes": chip_sram_bytes(config),
            "area_mm2": area_mm2(config, area),
            "max_clock_hz": max_clock_hz(config),
        }
