"""Worker processes on this machine.

Not concurrent.futures, whose pool breaks as a whole when a worker dies, with the points of the
others: here a dead worker is replaced, what it had answered is kept, and only the point that it was
at is done again.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType

from tilewright.hw.spec.errors import TilewrightError
from tilewright.sim.sweep.networks import PackedNetwork
from tilewright.sim.sweep.point import Outcome, Task
from tilewright.sim.sweep.schedule import chunks

READY = "ready"
DEATHS_OF_A_POINT = 2
DEATHS_AT_START = 3
"""In a row."""

PATIENCE_S = 5.0
"""How long a worker may take to end when it is told to."""

_STARTING = threading.Lock()


def all_cores() -> int:
    """How many processes this machine runs at once, as far as we may use it."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    return len(os.sched_getaffinity(0))


@contextmanager
def _without_main() -> Generator[None]:
    """No program that a started process would run anew, as `multiprocessing` does with a script.

    Workers need nothing of it, and a user's script without ``if __name__ == "__main__"`` would
    begin its sweep again in each of them.
    """
    with _STARTING:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


class LocalPool:
    """Evaluates tasks in ``jobs`` processes. To be used as a context manager."""

    def __init__(self, networks: Sequence[PackedNetwork], jobs: int) -> None:
        self._networks = networks
        self._jobs = jobs
        self._workers: list[_Worker] = []
        self._stillborn = 0

    @property
    def description(self) -> str:
        """For messages."""
        return f"{self._jobs} process{'es' if self._jobs > 1 else ''}"

    def __enter__(self) -> LocalPool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def outcomes(self, tasks: Sequence[Task]) -> Generator[Outcome]:
        """An outcome of each task, as they come.

        A task whose worker dies is done again; when its second worker dies too, it has failed.
        Raises TilewrightError where no worker can be started.
        """
        lots = deque(chunks(tasks, self._jobs))
        deaths: Counter[str] = Counter()
        while lots or any(worker.tasks for worker in self._workers):
            self._hand_out(lots)
            by_connection = {worker.connection: worker for worker in self._workers}
            for connection in wait(list(by_connection)):
                assert isinstance(connection, Connection)
                worker = by_connection[connection]
                answer = worker.answer()
                if answer is None:
                    yield from self._bury(worker, lots, deaths)
                elif isinstance(answer, Outcome):
                    yield answer
                else:
                    self._stillborn = 0
                    worker.begin(self._networks)

    def _hand_out(self, lots: deque[list[Task]]) -> None:
        for worker in self._workers:
            if lots and not worker.tasks:
                worker.give(lots.popleft())
        while lots and len(self._workers) < self._jobs:
            worker = _Worker()
            self._workers.append(worker)
            worker.give(lots.popleft())

    def _bury(
        self, worker: _Worker, lots: deque[list[Task]], deaths: Counter[str]
    ) -> Generator[Outcome]:
        """Take the tasks of a dead worker back, but for one that kills."""
        self._workers.remove(worker)
        how = worker.end()
        left = list(worker.tasks)
        if not worker.ready:
            self._stillborn += 1
            if self._stillborn == DEATHS_AT_START:
                raise TilewrightError(f"worker processes cannot be started: {how}")
        elif left:
            deaths[left[0].key] += 1
            if deaths[left[0].key] == DEATHS_OF_A_POINT:
                times = f"{DEATHS_OF_A_POINT} worker processes ended over this point"
                yield Outcome(left.pop(0).key, "failed", f"{times}, the last one {how}")
        if left:
            lots.appendleft(left)


class _Worker:
    """A process, and the tasks that it has not answered yet, in its order."""

    def __init__(self) -> None:
        # Spawned: a fork of a process with threads may hang, and would hold others' pipes open.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=_work, args=(theirs,), daemon=True, name="tilewright-sweep"
        )
        with _without_main():
            self.process.start()
        theirs.close()
        self.ready = False
        self.tasks: deque[Task] = deque()

    def begin(self, networks: Sequence[PackedNetwork]) -> None:
        """Hand over the networks, now that the process listens, and the tasks that wait for it.

        Not among its arguments: a process that dies before it has read them blocks who starts it.
        """
        self.ready = True
        self._send(networks)
        self._send(list(self.tasks))

    def give(self, tasks: list[Task]) -> None:
        """Tasks, for a worker that has none."""
        self.tasks.extend(tasks)
        if self.ready:
            self._send(tasks)

    def _send(self, message: object) -> None:
        # One that is dead by now is noticed when its answer is awaited.
        with suppress(OSError):
            self.connection.send(message)

    def answer(self) -> Outcome | str | None:
        """An outcome, READY, or None from a dead worker."""
        try:
            answer = self.connection.recv()
        except (EOFError, OSError):
            return None
        if isinstance(answer, Outcome):
            self.tasks.popleft()
        return answer

    def end(self) -> str:
        """Make sure that the process is gone; says how it ended."""
        self.connection.close()
        self.process.join(PATIENCE_S)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        code = self.process.exitcode or 0
        if code < 0:
            return f"by signal {signal.Signals(-code).name}"
        return f"with status {code}"


def _work(connection: Connection) -> None:
    """A worker process: takes lists of tasks and answers one by one, until nobody listens."""
    # Ctrl-C reaches the whole group; the parent decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # So that a simulator of ours does not outlive us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from tilewright.sim.sweep.evaluate import Evaluator

    try:
        connection.send(READY)
        evaluator = Evaluator(connection.recv())
        while True:
            for task in connection.recv():
                connection.send(evaluator.evaluate(task))
    except (EOFError, OSError, KeyboardInterrupt):
        return
