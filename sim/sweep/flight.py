"""Tasks on their way through a Dask cluster."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from typing import Any

from distributed import as_completed, wait
from distributed.scheduler import KilledWorker

from tilewright.sim.sweep.point import Outcome, Task

IN_FLIGHT = 3
"""Tasks that a thread of a worker has at a time: one at work, others so that it need not wait."""


class Flight:
    """Hands tasks out to workers, and again when a worker is lost.

    Each task goes to the worker that has the rest of its lot, and to no other. What becomes of the
    tasks of a lost worker is decided here, not by Dask, which lets such tasks wait for that worker
    when no other is there at that moment.

    Parameters
    ----------
    submit: begins a task on the worker of an address, and gives the future of its Outcome.
    deaths: workers that may be lost over a task, or over its neighbours, before it is `lost`.
    """

    def __init__(
        self, submit: Callable[[str, Task], Any], lots: list[list[Task]], deaths: int
    ) -> None:
        self._submit = submit
        self._most = deaths
        self._lots = deque(lots)
        self._queues: dict[str, deque[Task]] = {}
        self._given: dict[Any, tuple[str, Task]] = {}
        self._deaths: Counter[str] = Counter()
        self._answered: set[str] = set()
        self._arrivals = as_completed(with_results=True, raise_errors=False)
        self._lost: list[Task] = []

    @property
    def left(self) -> bool:
        """Whether any task has no answer yet and is not given up."""
        return bool(self._given or self._lots or any(self._queues.values()))

    @property
    def lost(self) -> list[Task]:
        """Tasks that are given up."""
        return [task for task in self._lost if task.key not in self._answered]

    @property
    def in_flight(self) -> bool:
        """Whether any task is with a worker."""
        return bool(self._given)

    def hand_out(self, threads: Mapping[str, int]) -> None:
        """Tasks for workers that have few; ``threads`` of each that there is now."""
        for worker in [worker for worker in self._queues if worker not in threads]:
            self._take_back(worker)
        load = Counter(worker for worker, _ in self._given.values())
        for worker, at_once in threads.items():
            queue = self._queues.setdefault(worker, deque())
            while load[worker] < IN_FLIGHT * at_once and (queue or self._lots):
                if not queue:
                    queue.extend(self._lots.popleft())
                task = queue.popleft()
                if task.key not in self._answered:
                    future = self._submit(worker, task)
                    self._given[future] = worker, task
                    self._arrivals.add(future)
                    load[worker] += 1

    def _take_back(self, worker: str) -> None:
        """What a lost worker had been given, and what waits for it."""
        waiting = list(self._queues.pop(worker))
        held = {future: task for future, (at, task) in self._given.items() if at == worker}
        again: list[list[Task]] = []
        for future, task in held.items():
            del self._given[future]
            future.cancel()
            self._deaths[task.key] += 1
            if self._deaths[task.key] < self._most:
                again.append([task])
            else:
                self._lost.append(task)
        self._lots.extendleft(reversed(again))
        if waiting:
            self._lots.append(waiting)

    def landed(self, seconds: float) -> bool:
        """Whether an answer is there, waiting for one for so long."""
        if self._arrivals.has_ready():
            return True
        try:
            wait(list(self._given), timeout=seconds, return_when="FIRST_COMPLETED")
        except TimeoutError:
            return False
        except CancelledError:
            pass  # The scheduler is lost, as the answer will say.
        return True

    def take(self) -> Outcome | BaseException | None:
        """An Outcome, an error of Dask's, or None: an answer that nobody waits for any more."""
        future, answer = next(self._arrivals)
        _, task = self._given.pop(future, (None, None))
        if isinstance(answer, Outcome):
            if answer.key in self._answered:
                return None
            self._answered.add(answer.key)
            return answer
        if task is None:
            return None
        error: BaseException = answer[1] if isinstance(answer, tuple) else answer
        if isinstance(error, KilledWorker):
            # Its worker was lost again and again, and came back at the same address.
            self._lost.append(task)
            return None
        return error
