"""The accelerator's bus: which of the DMA's clients is granted each cycle, many cycles at a time.

Of the clients that ask, the one whose turn it is gets the cycle, else the first by priority; turns
go round with the grants (hw.npu.bus_multiplexer). Grants are made no further than somebody wants to
know, as clients may ask later.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator

FETCH, RECORD, TRANSFERS, WEIGHTS = range(4)
"""Clients by priority."""

CLIENTS = 4

NEVER = 1 << 60

FIRST_FETCH = 1
"""From the stream's start to its first request."""

_SHARED = 3
"""Of four cycles that transfers and weights want the transfers get so many: they have a turn, and
priority in the turns of those who do not ask."""


class Grants:
    """When a client's requests were granted: runs of requests at a constant pace."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[int] = []
        self._time: list[int] = []
        self._pace: list[tuple[int, int]] = []

    def add(self, time: int, count: int, cycles: int, of: int) -> None:
        """``count`` more from ``time`` on: request k of them ``k * cycles // of`` cycles later."""
        self._first.append(self.count)
        self._time.append(time)
        self._pace.append((cycles, of))
        self.count += count

    def time(self, index: int) -> int:
        """When a request was granted."""
        run = bisect_right(self._first, index) - 1
        cycles, of = self._pace[run]
        return self._time[run] + (index - self._first[run]) * cycles // of

    def times(self, begin: int, end: int) -> Iterator[int]:
        """When each request from ``begin`` to ``end``, the end excluded, was granted."""
        run = bisect_right(self._first, begin) - 1
        while begin < end:
            first, time, (cycles, of) = self._first[run], self._time[run], self._pace[run]
            run += 1
            until = min(end, self._first[run] if run < len(self._first) else self.count)
            for index in range(begin - first, until - first):
                yield time + index * cycles // of
            begin = until

    def until(self, time: int) -> int:
        """Requests that were granted until ``time``, included."""
        run = bisect_right(self._time, time) - 1
        if run < 0:
            return 0
        cycles, of = self._pace[run]
        end = self._first[run + 1] if run + 1 < len(self._first) else self.count
        return min(self._first[run] + ((time - self._time[run] + 1) * of - 1) // cycles + 1, end)


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

    def pace(self) -> tuple[int, int]:
        """Requests that can follow each other without a pause of the bus, and cycles apart."""
        _, count, gap = self._runs[0]
        return count, max(gap, self._gap)

    def grant(self, time: int, count: int, cycles: int, of: int = 1) -> None:
        """So many requests from ``time`` on are granted, ``of`` of them each so many cycles."""
        self.granted.add(time, count, cycles, of)
        self._after = time + (count - 1) * cycles // of + self._gap
        self._take(count)
        self._look()

    def drop(self) -> None:
        """Forget what was not granted."""
        self._runs.clear()
        self.next = NEVER

    def _take(self, count: int) -> None:
        ready, asked, gap = self._runs.popleft()
        if asked > count:
            self._runs.appendleft((ready + count * gap, asked - count, gap))

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

    def pace(self) -> tuple[int, int]:
        """As far as the FIFO has room by what has left it."""
        used = bisect_left(self._pops, self._after - 1)
        return max(used + self._depth - self.granted.count, 1), 1

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
        if bisect_left(self._pops, self._after - 1) >= missing:
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
    """Asks as far as the ring has room. A region of the stream begins a cycle behind the last."""

    def __init__(self, ring_beats: int) -> None:
        super().__init__()
        self._room = ring_beats
        self._rooms: deque[tuple[int, int, int, int]] = deque()  # beats from, to; first, last

    def free(self, beats: int, first: int, last: int) -> None:
        """Room for so many more requests, from ``first`` on, for all of them from ``last`` on."""
        self._rooms.append((self._room, self._room + beats, first, last))
        self._room += beats
        if self.next == NEVER:
            self._look()

    def pace(self) -> tuple[int, int]:
        """As far as there is room without waiting for it."""
        at, count = self.granted.count, self._runs[0][1]
        for begin, end, first, last in self._rooms:
            if at + count <= begin:
                break
            # Room that is there in time and grows as fast as it is used holds nothing up.
            start = max(at, begin)
            time = _growing(start, begin, end, first, last)
            if last - first >= end - begin or time > self.next + start - at:
                return max(start - at, 1), 1
        return min(count, self._room - at), 1

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


class Bus:
    """Grants in the cycles before ``time``."""

    def __init__(self, fetch_beats: int, ring_beats: int, record_gap: int) -> None:
        self.fetch = FetchClient(fetch_beats)
        self.weights = WeightClient(ring_beats)
        self.clients = (self.fetch, Client(record_gap), Client(), self.weights)
        self.time = 0
        self._turn = 0
        self._last_fetch = NEVER
        self._known = 0

    def know(self, time: int) -> None:
        """Nobody will ask for anything before this cycle of whom the bus does not know yet."""
        self._known = time

    def granted(self, client: int, index: int) -> int:
        """When a request is granted; it must have been asked for, and find room."""
        grants = self.clients[client].granted
        while grants.count <= index:
            self._step(NEVER, index + 1 - grants.count)
        return grants.time(index)

    def advance(self, time: int) -> None:
        """Grant what is asked for in the cycles up to ``time``, included."""
        while self.time <= time and min(client.next for client in self.clients) <= time:
            self._step(time + 1, NEVER)

    def advance_all(self) -> None:
        """Grant all that is asked for."""
        while min(client.next for client in self.clients) < NEVER:
            self._step(NEVER, NEVER)

    def end_fetch(self, time: int) -> None:
        """Requests of the fetch end with this cycle."""
        self._last_fetch = time

    def _step(self, limit: int, most: int) -> None:
        """Grants of the next cycle with requests, and of those behind it that are alike.

        At most ``most`` of a client, before cycle ``limit``.
        """
        self.fetch.recheck(self.time)
        asking = [client.next for client in self.clients]
        first = min(asking)
        assert first < NEVER, "a request that nobody makes"
        now = max(first, self.time)
        chosen = asking.index(first)
        if asking[FETCH] <= now and now > self._last_fetch:
            self.fetch.drop()
            return
        asking[chosen] = NEVER
        following = min(asking)
        if following > now:
            self._alone(chosen, now, min(following, limit), most)
            return
        asking[chosen] = first
        others = min(asking[FETCH], asking[RECORD])
        if others <= now or not self._both(now, min(others, limit), most):
            self._one(now, asking)

    def _one(self, now: int, asking: list[int]) -> None:
        chosen = self._turn
        if asking[chosen] > now:
            chosen = next(client for client in range(CLIENTS) if asking[client] <= now)
        self.clients[chosen].grant(now, 1, 1)
        self.time = now + 1
        self._turn = (self._turn + 1) % CLIENTS

    def _alone(self, chosen: int, now: int, until: int, most: int) -> None:
        client = self.clients[chosen]
        count, gap = client.pace()
        count = min(count, max(-(-(until - now) // gap), 1))
        if count > most:
            count = min(count, max(most, (self._known - now) // gap))
        client.grant(now, count, gap)
        self.time = now + (count - 1) * gap + 1
        self._turn = (self._turn + count) % CLIENTS

    def _both(self, now: int, until: int, most: int) -> bool:
        """Transfers and weights ask: whole rounds of turns, from the first turn on, if any."""
        if self._turn:
            return False
        transfers = self.clients[TRANSFERS]
        rounds = min(
            (until - now) // CLIENTS,
            transfers.pace()[0] // _SHARED,
            self.weights.pace()[0],
            most // _SHARED,
        )
        if rounds <= 0:
            return False
        transfers.grant(now, _SHARED * rounds, CLIENTS, _SHARED)
        self.weights.grant(now + _SHARED, rounds, CLIENTS)
        self.time = now + CLIENTS * rounds
        return True
