"""The accelerator's bus: which of the DMA's clients is granted each cycle, many cycles at a time.

Of the clients that ask, the one whose turn it is gets the cycle, else the first by priority; turns
go round with the grants (hw.npu.bus_multiplexer). Grants are made no further than somebody wants to
know, as clients may ask later.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.model.clients import FIRST_FETCH, NEVER, Client, FetchClient, Pace, WeightClient
from sim.model.stores import TransferClient

FETCH, RECORD, TRANSFERS, WEIGHTS = range(4)
"""Clients by priority."""

CLIENTS = 4

_SHARED = 3
"""Of four cycles that transfers and weights want the transfers get so many: they have a turn, and
priority in the turns of those who do not ask."""


class Bus:
    """Grants in the cycles before ``time``."""

    def __init__(self, fetch_beats: int, ring_beats: int, record_gap: int) -> None:
        self.fetch = FetchClient(fetch_beats)
        self.weights = WeightClient(ring_beats)
        self.transfers = TransferClient()
        self.clients = (self.fetch, Client(record_gap), self.transfers, self.weights)
        self.time = 0
        self._turn = 0
        self._last_fetch = NEVER
        self._known = 0

    def share_start(self, others: int) -> None:
        """The first requests take turns with so many of another master, behind the first one."""
        for request in range(others):
            self._one(FIRST_FETCH + 2 * request, [client.next for client in self.clients])
        self.time = FIRST_FETCH + 2 * others

    def know(self, time: int) -> None:
        """Nobody will ask for anything before this cycle of whom the bus does not know yet."""
        self._known = time

    def granted(self, client: int, index: int) -> int:
        """When a request is granted; it must have been asked for, and find room."""
        grants = self.clients[client].granted
        if grants.count <= index:
            self._grant(NEVER, self.clients[client], index + 1)
            assert grants.count > index, "a request that nobody makes"
        return grants.time(index)

    def granted_by(self, client: int, index: int, time: int) -> int | None:
        """As `granted`, if that is in the cycles up to ``time``, included."""
        grants = self.clients[client].granted
        if grants.count <= index:
            self._grant(time + 1, self.clients[client], index + 1)
        return grants.time(index) if grants.count > index else None

    def advance(self, time: int) -> None:
        """Grant what is asked for in the cycles up to ``time``, included."""
        self._grant(time + 1)

    def advance_all(self) -> None:
        """Grant all that is asked for."""
        self._grant(NEVER)

    def end_fetch(self, time: int) -> None:
        """Requests of the fetch end with this cycle."""
        self._last_fetch = time

    def _grant(self, limit: int, wanted: Client | None = None, count: int = NEVER) -> None:
        """Grants in the cycles before ``limit``, at most until ``wanted`` has had so many."""
        fetch, record, transfers, weights = self.clients
        while wanted is None or wanted.granted.count < count:
            if fetch.next < self.time:
                fetch.recheck(self.time)
            asking = f, r, t, w = fetch.next, record.next, transfers.next, weights.next
            first = min(asking)
            now = max(first, self.time)
            if now >= limit:
                return
            if f <= now and now > self._last_fetch:
                fetch.drop()
                continue
            if (f <= now) + (r <= now) + (t <= now) + (w <= now) == 1:
                following = sorted(asking)[1]
                most = NEVER if wanted is None else count - wanted.granted.count
                self._alone(asking.index(first), now, min(following, limit), most)
            elif f > now and r > now:
                self._both(now, min(f, r, limit), wanted, count)
            else:
                self._one(now, asking)

    def _one(self, now: int, asking: Sequence[int]) -> None:
        chosen = self._turn
        if asking[chosen] > now:
            chosen = next(client for client in range(CLIENTS) if asking[client] <= now)
        self.clients[chosen].grant(now)
        self.time = now + 1
        self._turn = (self._turn + 1) % CLIENTS

    def _alone(self, chosen: int, now: int, until: int, most: int) -> None:
        client = self.clients[chosen]
        pace = client.pace()
        requests = max(pace.within(until - now), 1)
        if requests > most:
            requests = min(requests, max(most, pace.within(self._known - now)))
        if client is self.transfers:
            requests = self.transfers.run(requests, now)
        self.time = client.grant(now, requests, *pace[1:]) + 1
        self._turn = (self._turn + requests) % CLIENTS

    def _both(self, now: int, until: int, wanted: Client | None, count: int) -> None:
        """Transfers and weights ask, and nobody else before ``until``.

        The weights get their turns, the transfers all others.
        """
        transfers, weights = self.transfers, self.weights
        most = [transfers.pace().requests, self._steady(weights.pace())]
        for i, client in enumerate((transfers, weights)):
            if client is wanted:
                most[i] = min(most[i], count - client.granted.count)
        before = (WEIGHTS - self._turn) % CLIENTS  # cycles before the weights' first turn
        start, phase = now + (before == 0), (_SHARED - before) % _SHARED
        cycles = min(until - now, before + CLIENTS * (most[1] - 1) + 1)
        most[0] = transfers.run(min(most[0], cycles), start, CLIENTS, _SHARED, phase)
        shared = (most[0] - 1) * CLIENTS + phase
        cycles = min(cycles, start - now + shared // _SHARED + 1)
        turns = max(cycles - before + CLIENTS - 1, 0) // CLIENTS
        if cycles > turns:
            transfers.grant(start, cycles - turns, CLIENTS, _SHARED, phase)
        if turns:
            weights.grant(now + before, turns, CLIENTS)
        self.time = now + cycles
        self._turn = (self._turn + cycles) % CLIENTS

    @staticmethod
    def _steady(pace: Pace) -> int:
        """Requests that are there whenever their turn comes."""
        return pace.requests if pace.cycles <= CLIENTS * pace.of else 1
