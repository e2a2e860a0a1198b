"""The accelerator's bus: which of the DMA's clients is granted each cycle, many cycles at a time.

Of the clients that ask, the one whose turn it is gets the cycle, else the first by priority; turns
go round with the grants (hw.npu.bus_multiplexer). Grants are made no further than somebody wants to
know, as clients may ask later.
"""

from __future__ import annotations

from sim.model.clients import FIRST_FETCH, NEVER, ONE, Client, FetchClient, Pace, WeightClient

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
        self.clients = (self.fetch, Client(record_gap), Client(), self.weights)
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
        self.clients[chosen].grant(now, ONE)
        self.time = now + 1
        self._turn = (self._turn + 1) % CLIENTS

    def _alone(self, chosen: int, now: int, until: int, most: int) -> None:
        client = self.clients[chosen]
        pace = client.pace()
        count = max(pace.within(until - now), 1)
        if count > most:
            count = min(count, max(most, pace.within(self._known - now)))
        self.time = client.grant(now, pace._replace(requests=count)) + 1
        self._turn = (self._turn + count) % CLIENTS

    def _both(self, now: int, until: int, most: int) -> bool:
        """Transfers and weights ask: whole rounds of turns, from the first turn on, if any."""
        if self._turn:
            return False
        transfers = self.clients[TRANSFERS]
        rounds = min(
            (until - now) // CLIENTS,
            transfers.pace().requests // _SHARED,
            self._steady(self.weights.pace()),
            most // _SHARED,
        )
        if rounds <= 0:
            return False
        transfers.grant(now, Pace(_SHARED * rounds, CLIENTS, _SHARED))
        self.weights.grant(now + _SHARED, Pace(rounds, CLIENTS))
        self.time = now + CLIENTS * rounds
        return True

    @staticmethod
    def _steady(pace: Pace) -> int:
        """Requests that are there whenever their turn comes."""
        return pace.requests if pace.cycles <= CLIENTS * pace.of else 1
