"""Workers of a Dask cluster, which may be other machines.

Every task is a future of its own, so that no more is done again than what a lost worker was at.
"""

from __future__ import annotations

import logging
import signal
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from distributed import Client, LocalCluster, WorkerPlugin, get_worker

from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.sim.sweep.evaluate import Evaluator
from tilewright.sim.sweep.flight import Flight
from tilewright.sim.sweep.networks import PackedNetwork
from tilewright.sim.sweep.point import Outcome, Task
from tilewright.sim.sweep.schedule import chunks
from tilewright.sim.sweep.version import source_version

CONNECT_S = 10
WORKERS_S = 60
ATTEMPTS = 5
LOOK_S = 1.0
"""How often somebody looks which workers there are."""

DEATHS = 2
"""Lost workers that a task may have been with before it is tried alone."""


class Cluster:
    """Evaluates tasks on the cluster of ``address``. To be used as a context manager."""

    def __init__(
        self, networks: Sequence[PackedNetwork], address: str, note: Callable[[str], None]
    ) -> None:
        """``address``: ``tcp://host:port`` of a scheduler, or ``local:N``."""
        self._networks = networks
        self._address = address
        self._note = note
        self._workers: Mapping[str, int] = {}
        self._alike: set[str] = set()
        self._others: set[str] = set()
        self._looked = -LOOK_S
        self._local: Any = None
        self._client: Any = None
        # Of its own, since other sweeps may use the cluster at the same time.
        self._plugin = f"tilewright-sweep-{uuid.uuid4().hex}"

    @property
    def description(self) -> str:
        """For messages."""
        return f"the Dask cluster {self._address}"

    def __enter__(self) -> Cluster:
        """Connect, and give every worker the networks. Raises RequestError."""
        # Workers that come and go are this module's business, not a page of log lines'.
        for name in ("distributed", "distributed.client", "distributed.worker", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self._connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            if self._local is None:
                # Not there yet, or the scheduler is not there any more.
                with suppress(ValueError, OSError):
                    self._client.unregister_worker_plugin(self._plugin)
            self._client.close()
        if self._local is not None:
            self._local.close()

    def outcomes(self, tasks: Sequence[Task]) -> Generator[Outcome]:
        """An outcome of each task, as they come.

        A task whose worker is lost is done again. When that worker is lost too, perhaps through a
        neighbour of the task, the task is tried once more alone; then it has failed. Raises
        TilewrightError when the cluster is lost.
        """
        suspects = yield from self._run(tasks, DEATHS)
        for task in suspects:
            for lost in (yield from self._run([task], 1)):
                yield Outcome(lost.key, "failed", "the workers that began with it were lost")

    def _connect(self) -> None:
        kind, _, number = self._address.partition(":")
        if kind == "local":
            self._local = LocalCluster(
                n_workers=int(number),
                threads_per_worker=1,
                processes=True,
                dashboard_address="",
                silence_logs=logging.CRITICAL,
                memory_limit=0,
            )
            self._client = Client(self._local)
        else:
            try:
                self._client = Client(self._address, timeout=CONNECT_S)
            except (OSError, TimeoutError, ValueError) as error:
                raise RequestError(
                    f"--cluster {self._address}: no Dask scheduler answers: {error}"
                ) from None
            try:
                self._client.wait_for_workers(1, timeout=WORKERS_S)
            except TimeoutError:
                raise RequestError(
                    f"--cluster {self._address}: has no workers; start some with: "
                    f"dask worker {self._address}"
                ) from None
            self._check_versions()
        self._send_networks()

    def _send_networks(self) -> None:
        for attempt in range(ATTEMPTS):
            try:
                networks = _Networks(self._networks, deaf=self._local is not None)
                self._client.register_plugin(networks, name=self._plugin)
            except OSError:
                # A worker was lost over it. Those that come later get it by themselves.
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                return

    def _check_versions(self) -> None:
        if self._threads():
            return
        raise RequestError(
            f"--cluster {self._address}: the worker {min(self._others)} has another version of "
            "Tilewright, whose figures may differ; install this one there"
        )

    def _look_at(self, workers: Iterable[str]) -> None:
        """See which of these workers have our version; what others say is not asked for."""
        new = [at for at in workers if at not in self._alike and at not in self._others]
        if not new:
            return
        answers = self._client.run(source_version, workers=new, on_error="return")
        for at, version in answers.items():
            if version == source_version():
                self._alike.add(at)
            elif not isinstance(version, OSError):  # Such a one was lost meanwhile.
                self._others.add(at)
                if self._alike:
                    self._note(
                        f"The worker {at} has another version of Tilewright: it gets no points"
                    )

    def _run(self, tasks: Sequence[Task], deaths: int) -> Generator[Outcome, None, Sequence[Task]]:
        """Outcomes of the tasks; returns those that were given up, after so many lost workers."""
        flight = Flight(self._submit, chunks(tasks, len(self._threads()) or 1), deaths)
        while True:
            flight.hand_out(self._threads())
            if not flight.left:
                return flight.lost
            if not flight.in_flight:
                self._await_workers()
            elif flight.landed(LOOK_S):
                answer = flight.take()
                if isinstance(answer, Outcome):
                    yield answer
                elif answer is not None:
                    what = str(answer).partition("\n")[0] or type(answer).__name__
                    raise TilewrightError(f"{self.description} is lost: {what}")

    def _submit(self, worker: str, task: Task) -> Any:
        return self._client.submit(
            _evaluate, self._plugin, task, workers=[worker], allow_other_workers=False, pure=False
        )

    def _threads(self) -> Mapping[str, int]:
        """Threads of each worker of our version by address."""
        now = time.monotonic()
        if now - self._looked > LOOK_S:
            there = self._client.nthreads()
            self._look_at(there)
            self._workers = {at: threads for at, threads in there.items() if at in self._alike}
            self._looked = now
        return self._workers

    def _await_workers(self) -> None:
        self._looked = -LOOK_S
        if not self._threads():
            self._note(f"{self.description} has no workers left: waiting for new ones ...")
            others = sum(at in self._others for at in self._client.nthreads())
            with suppress(TimeoutError):
                self._client.wait_for_workers(others + 1, timeout=WORKERS_S)


class _Networks(WorkerPlugin):
    """Brings the networks to every worker, those that come later included.

    ``deaf``: to Ctrl-C, which reaches our own processes with us; we decide what becomes of them.
    """

    def __init__(self, networks: Sequence[PackedNetwork], deaf: bool) -> None:
        self._networks = networks
        self._deaf = deaf
        self.evaluator: Evaluator | None = None

    def setup(self, worker: Any) -> None:
        """Called by Dask on each worker."""
        if self._deaf:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.evaluator = Evaluator(self._networks)


def _evaluate(name: str, task: Task) -> Outcome:
    plugin = get_worker().plugins[name]
    assert isinstance(plugin, _Networks)
    assert plugin.evaluator is not None
    return plugin.evaluator.evaluate(task)
