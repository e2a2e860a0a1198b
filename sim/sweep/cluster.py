"""Workers of a Dask cluster, which may be other machines.

Every task is a future of its own, so that a lost worker repeats no more than it was at. Futures are
handed out a few at a time to the worker that has their mapping; another one may take them over.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Generator, Sequence
from types import TracebackType
from typing import Any

from distributed import Client, LocalCluster, WorkerPlugin, as_completed, get_worker
from distributed.scheduler import KilledWorker

from hw.spec.errors import RequestError, TilewrightError
from sim.sweep.evaluate import Evaluator
from sim.sweep.networks import PackedNetwork
from sim.sweep.point import Outcome, Task
from sim.sweep.schedule import chunks
from sim.sweep.version import source_version

CONNECT_S = 10
WORKERS_S = 60
ATTEMPTS = 5
IN_FLIGHT = 3
"""Tasks that a worker has at a time: one at work, and others so that it need not wait."""

PLUGIN = "tilewright-sweep"


class Cluster:
    """Evaluates tasks on the cluster of ``address``. To be used as a context manager."""

    def __init__(self, networks: Sequence[PackedNetwork], address: str) -> None:
        """``address``: ``tcp://host:port`` of a scheduler, or ``local:N``."""
        self._networks = networks
        self._address = address
        self._local: Any = None
        self._client: Any = None

    @property
    def description(self) -> str:
        """For messages."""
        return f"the Dask cluster {self._address}"

    def __enter__(self) -> Cluster:
        """Connect, and give every worker the networks. Raises RequestError."""
        # Workers that come and go are this module's business, not a page of log lines'.
        for name in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self._connect()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._client is not None:
            if self._local is None and self._client.status == "running":
                self._client.unregister_worker_plugin(PLUGIN)
            self._client.close()
        if self._local is not None:
            self._local.close()

    def outcomes(self, tasks: Sequence[Task]) -> Generator[Outcome]:
        """An outcome of each task, as they come.

        Dask does a task again when its worker is lost. One that lost several, perhaps through
        others beside it, is tried once more with nothing beside it; then it has failed.
        """
        suspects: list[Task] = []
        yield from self._run(tasks, suspects)
        for task in suspects:
            again: list[Task] = []
            yield from self._run([task], again)
            for lost in again:
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
                self._client.register_plugin(_Networks(self._networks), name=PLUGIN)
            except OSError:
                # A worker was lost over it. Those that come later get it by themselves.
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                return

    def _check_versions(self) -> None:
        ours = source_version()
        other = [at for at, theirs in self._client.run(source_version).items() if theirs != ours]
        if other:
            raise RequestError(
                f"--cluster {self._address}: the worker {other[0]} has another version of "
                "Tilewright, whose figures may differ; install this one there"
            )

    def _run(self, tasks: Sequence[Task], suspects: list[Task]) -> Generator[Outcome]:
        """Outcomes of all tasks but those that went to ``suspects``."""
        lots = deque(chunks(tasks, max(1, len(self._workers()))))
        queues: dict[str, deque[Task]] = {}
        in_flight: Counter[str] = Counter()
        given: dict[Any, tuple[str, Task]] = {}
        arrived = as_completed(with_results=True, raise_errors=False)

        def hand_out() -> None:
            workers = self._workers()
            for lost in [worker for worker in queues if worker not in workers]:
                if left := queues.pop(lost):
                    lots.append(list(left))
            for worker, threads in workers.items():
                queue = queues.setdefault(worker, deque())
                while in_flight[worker] < IN_FLIGHT * threads and (queue or lots):
                    if not queue:
                        queue.extend(lots.popleft())
                    task = queue.popleft()
                    future = self._client.submit(
                        _evaluate, task, workers=[worker], allow_other_workers=True, pure=False
                    )
                    given[future.key] = worker, task
                    in_flight[worker] += 1
                    arrived.add(future)

        hand_out()
        while given:
            future, answer = next(arrived)
            worker, task = given.pop(future.key)
            in_flight[worker] -= 1
            if isinstance(answer, Outcome):
                yield answer
            else:
                self._take_error(answer, task, suspects)
            hand_out()

    def _take_error(self, answer: Any, task: Task, suspects: list[Task]) -> None:
        error = answer[1] if isinstance(answer, tuple) else answer
        if not isinstance(error, KilledWorker):
            raise TilewrightError(f"{self.description}: {type(error).__name__}: {error}")
        suspects.append(task)

    def _workers(self) -> dict[str, int]:
        """Threads of each worker by address."""
        return {
            address: about["nthreads"]
            for address, about in self._client.scheduler_info(n_workers=-1)["workers"].items()
        }


class _Networks(WorkerPlugin):
    """Brings the networks to every worker, those that come later included."""

    def __init__(self, networks: Sequence[PackedNetwork]) -> None:
        self._networks = networks
        self.evaluator: Evaluator | None = None

    def setup(self, worker: Any) -> None:
        """Called by Dask on each worker."""
        self.evaluator = Evaluator(self._networks)


def _evaluate(task: Task) -> Outcome:
    plugin = get_worker().plugins[PLUGIN]
    assert isinstance(plugin, _Networks)
    assert plugin.evaluator is not None
    return plugin.evaluator.evaluate(task)
