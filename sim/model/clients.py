"""The DMA's clients of the bus: when each asks, and when it was granted what."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NEVER = 1 << 60

FIRST_FETCH = 1
"""From the stream's start to its first request."""


class Pace(NamedTuple):
    """Requests that follow each other: request k ``(phase + k * cycles) // of`` cycles later."""

    requests: int
    cycles: int = 1
    of: int = 1
    phase: int = 0

    def within(self, cycles: int) -> int:
        """Requests in so many cycles, the first one's included."""
        return min((cycles * self.of - 1 - self.phase) // self.cycles + 1, self.requests)


class Grants:
    """When a client's requests were granted: runs of requests at a constant pace."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[int] = []
        self._time: list[int] = []
        self._pace: list[tuple[int, int, int]] = []  # cycles, of, phase, as in `Pace`

    def add(self, time: int, requests: int, cycles: int, of: int, phase: int) -> None:
        """More requests, from ``time`` on."""
        self._first.append(self.count)
        self._time.append(time)
        self._pace.append((cycles, of, phase))
        self.count += requests

    def time(self, index: int) -> int:
        """When a request was granted."""
        run = bisect_right(self._first, index) - 1
        cycles, of, phase = self._pace[run]
        return self._time[run] + (phase + (index - self._first[run]) * cycles) // of

    def times(self, begin: int, end: int) -> NDArray[np.int64]:
        """When each request from ``begin`` to ``end``, the end excluded, was granted."""
        run = bisect_right(self._first, begin) - 1
        parts: list[NDArray[np.int64]] = []
        while begin < end:
            first = self._first[run]
            until = min(end, self._first[run + 1] if run + 1 < len(self._first) else self.count)
            cycles, of, phase = self._pace[run]
            parts.append(
                self._time[run] + (phase + np.arange(begin - first, until - first) * cycles) // of
            )
            begin, run = until, run + 1
        return np.concatenate(parts)

    def until(self, time: int) -> int:
        """Requests that were granted until ``time``, included."""
        run = bisect_right(self._time, time) - 1
        if run < 0:
            return 0
        cycles, of, phase = self._pace[run]
        first = self._first[run]
        end = self._first[run + 1] if run + 1 < len(self._first) else self.count
        elapsed = time - self._time[run] + 1
        return min(first + (elapsed * of - 1 - phase) // cycles + 1, end)


class Client:
    """Requests of a client: runs of them that are ready one after the other.

    ``gap``: fewest cycles from a grant to the next request. ``next``: when it asks next.
    """

    def __init__(self, gap: int = 1) -> None:
        self.granted = Grants()
        self.next = NEVER
        self._runs: deque[tuple[int, int, int]] = deque()  # ready from, how many, cycles apart
        self._gap = gap
        self._after = 0

    def ask(self, ready: int, count: int, gap: int = 1) -> None:
        """``count`` more requests, the first one in cycle ``ready``, then ``gap`` cycles apart."""
        self._runs.append((ready, count, gap))
        if len(self._runs) == 1:
            self._look()

    def pace(self) -> Pace:
        """Requests that follow each other if nobody else asks."""
        _, count, gap = self._runs[0]
        return Pace(count, max(gap, self._gap))

    def grant(
        self, time: int, requests: int = 1, cycles: int = 1, of: int = 1, phase: int = 0
    ) -> int:
        """Requests from ``time`` on are granted, at a `Pace`; returns when the last one is."""
        self.granted.add(time, requests, cycles, of, phase)
        last = time if requests == 1 else time + (phase + (requests - 1) * cycles) // of
        self._after = last + self._gap
        self._take(requests)
        self._look()
        return last

    def drop(self) -> None:
        """Forget what was not granted."""
        self._runs.clear()
        self.next = NEVER

    def _take(self, count: int) -> None:
        ready, asked, gap = self._runs[0]
        if asked > count:
            self._runs[0] = ready + count * gap, asked - count, gap
        else:
            self._runs.popleft()

    def _look(self) -> None:
        self.next = max(self._runs[0][0], self._after) if self._runs else NEVER


class FetchClient(Client):
    """Reads commands ahead, as far as its FIFO has room, which it knows a cycle late."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self._depth = depth
        self._pops: list[int] = []
        self.next = FIRST_FETCH

    def pop(self, time: int) -> None:
        """A beat leaves the FIFO."""
        self._pops.append(time)
        if self.next == NEVER and self._depth:
            self._look_again()

    def pace(self) -> Pace:
        """As far as the FIFO has room by what has left it."""
        used = bisect_left(self._pops, self._after - 1)
        return Pace(max(used + self._depth - self.granted.count, 1))

    def recheck(self, time: int) -> None:
        """Before cycle ``time`` it was not granted: what it knew late it knows now."""
        if self.next == self._after < time:
            self._after += 1
            self._look_again()

    def drop(self) -> None:
        """Ask no more."""
        self.next = NEVER
        self._depth = 0

    def _take(self, count: int) -> None:
        pass

    def _look(self) -> None:
        missing = self.granted.count - self._depth + 1
        if missing <= 0 or (
            len(self._pops) >= missing and self._pops[missing - 1] < self._after - 1
        ):
            self.next = self._after
        else:
            self._after += 1
            self._look_again()

    def _look_again(self) -> None:
        missing = self.granted.count - self._depth + 1
        self.next = NEVER
        if missing < 0:
            self.next = self._after
        elif len(self._pops) > missing:
            self.next = max(self._after, self._pops[missing] + 2)


class WeightClient(Client):
    """Asks as far as the ring has room. A region of the stream begins a cycle behind the last.

    ``asked``: beats of all regions so far.
    """

    def __init__(self, ring_beats: int) -> None:
        super().__init__()
        self.asked = 0
        self._room = ring_beats
        self._rooms: deque[tuple[int, int, int, int]] = deque()  # beats from, to; first, last

    def ask(self, ready: int, count: int, gap: int = 1) -> None:
        """A region's beats."""
        self.asked += count
        super().ask(ready, count, gap)

    def has_room(self, beat: int) -> bool:
        """Whether it is known when there is room for a beat."""
        return beat < self._room

    def free(self, beats: int, first: int, last: int) -> None:
        """Room for so many more requests, from ``first`` on, for all of them from ``last`` on."""
        self._rooms.append((self._room, self._room + beats, first, last))
        self._room += beats
        if self.next == NEVER:
            self._look()

    def pace(self) -> Pace:
        """As far as there is room without waiting for it, or at the pace at which it grows."""
        at, count = self.granted.count, self._runs[0][1]
        for begin, end, first, last in self._rooms:
            if at + count <= begin:
                break
            start = max(at, begin)
            time = self.next + start - at
            grown = _growing(start, begin, end, first, last)
            if grown > time:
                return Pace(start - at)
            cycles, of = last - first, max(end - begin - 1, 1)
            if cycles <= of:
                continue
            if start > at:
                return Pace(start - at)
            if grown == time:
                phase = (at - begin) * cycles % of
                return Pace(min(end - at, count), cycles, of, phase)
            # Grants come faster than the room grows, up to where they meet.
            ahead = ((time - first) * of - (at - begin) * cycles) // (cycles - of)
            return Pace(max(min(ahead, end - at, count), 1))
        return Pace(min(count, self._room - at))

    def _take(self, count: int) -> None:
        ends = self._runs[0][1] == count
        super()._take(count)
        if ends:
            self._after += 1

    def _look(self) -> None:
        self.next, at = NEVER, self.granted.count
        rooms = self._rooms
        while rooms and (rooms[0][1] <= at or rooms[0][3] <= self._after):
            rooms.popleft()
        if self._runs and at < self._room:
            self.next = max(self._runs[0][0], self._after)
            if rooms and at >= rooms[0][0]:
                self.next = max(self.next, _growing(at, *rooms[0]))


def _growing(at: int, begin: int, end: int, first: int, last: int) -> int:
    """When there is room for beat ``at`` of those from ``begin`` to ``end``, the end excluded."""
    return first + (at - begin) * (last - first) // max(end - begin - 1, 1)
