"""The transfers' client of the bus: LOADs ask as fast as the bus takes them, STOREs beat by beat.

A STORE's beat is accepted where the FIFOs behind have room, reads its banks when no compute command
does, and asks when the words before it have left (hw.npu.transfers).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sim.model.banks import Banks
from sim.model.clients import Client

BANK_CYCLES = 1
"""From a STORE's read to its banks: a FIFO."""

BANKS_FIFO = 2
"""Reads that wait for their banks."""

DATA_CYCLES = 3
"""From a read at its banks to its word behind the FIFO."""

BEATS_FIFO = 8
"""Beats that wait for their words (hw.npu.transfers.REQUESTS)."""

WHOLE_FIFO = 2
"""Whole requests that wait for the bus."""

_WINDOW = 1 << 10
"""Cycles of the banks that are looked at together."""

_TOGETHER = 16
"""Beats that are worked out together."""

_STORE = 0
"""Cycles between requests that tell a STORE from a LOAD."""


@dataclass
class _Beats:
    """Beats of all STOREs: banks, earliest read; when they were accepted, served and moved on."""

    masks: list[int] = field(default_factory=list[int])
    least: list[int] = field(default_factory=list[int])
    accepted: list[int] = field(default_factory=list[int])
    served: list[int] = field(default_factory=list[int])
    moved: list[int] = field(default_factory=list[int])


class TransferClient(Client):
    """``busy``: banks that compute commands read in a range of cycles, by what is known of them."""

    def __init__(self) -> None:
        super().__init__()
        self.busy: Callable[[int, int], Banks] = _nothing
        self._beats = _Beats()
        self._stored = 0  # beats of STOREs that were granted
        self._begin = 0
        self._window: list[int] = []

    def store(self, reads: int, masks: Banks) -> None:
        """A STORE's beats with their banks; it can read from cycle ``reads`` on."""
        self._beats.masks += masks.tolist()
        self._beats.least += [reads] + [0] * (len(masks) - 1)
        self.ask(reads, len(masks), _STORE)

    def forget(self) -> None:
        """More is known of the compute commands: what was not granted is worked out again."""
        self._window = []
        self._keep(self._stored)
        self._look()

    def reads(self, time: int) -> int:
        """Reads of STOREs before cycle ``time``, by what is known of the compute commands."""
        self._follow()
        beats = self._beats
        while self._can_read() and (not beats.accepted or beats.accepted[-1] < time):
            self._read()
        return bisect_left(beats.accepted, time)

    def accepted(self, beat: int) -> int | None:
        """When a STORE's beat is read, if its FIFO's room is known."""
        self._follow()
        beats = self._beats
        while self._can_read() and len(beats.accepted) <= beat:
            self._read()
        return beats.accepted[beat] if beat < len(beats.accepted) else None

    def _follow(self) -> None:
        """Work out when the beat behind the next one moves on, which is known by now."""
        kinds = [kind for _, count, kind in list(self._runs)[:2] for _ in range(min(count, 2))]
        if kinds[:2] == [_STORE, _STORE] and len(self._beats.moved) == self._stored + 1:
            self._work_out([self.granted.time(self.granted.count - 1) if self.granted.count else 0])

    def _can_read(self) -> bool:
        """Whether it is known when there is room for the next beat's word."""
        beats = self._beats
        return len(beats.accepted) < min(len(beats.masks), len(beats.moved) + BEATS_FIFO)

    def run(self, most: int, time: int, cycles: int = 1, of: int = 1, phase: int = 0) -> int:
        """How many requests are there in time if they are granted from ``time`` on at a `Pace`."""
        _, count, kind = self._runs[0]
        most = min(count, most)
        if kind != _STORE:
            return most
        beats, first, number = self._beats, self._stored, self.granted.count
        granted = self.granted.time(number - 1) if number else 0
        following = time + phase // of
        moved = beats.moved
        for i in range(1, most):
            if len(moved) == first + i:
                until = min(most, i + _TOGETHER) - 2
                grants = [time + (phase + j * cycles) // of for j in range(i, until)]
                self._work_out([granted, following, *grants][: until + 2 - i])
            granted, following = following, time + (phase + i * cycles) // of
            if moved[first + i] >= following:
                return i
        return most

    def _take(self, count: int) -> None:
        if self._runs[0][2] == _STORE:
            self._stored += count
            self._keep(self._stored)
        super()._take(count)

    def _keep(self, count: int) -> None:
        """Forget what was worked out of beats behind."""
        beats = self._beats
        for times in (beats.accepted, beats.served, beats.moved):
            del times[count:]

    def _look(self) -> None:
        super()._look()
        if self._runs and self._runs[0][2] == _STORE:
            if len(self._beats.moved) == self._stored:
                before = self.granted.count - WHOLE_FIFO
                self._work_out([self.granted.time(before) if before >= 0 else 0])
            self.next = max(self._beats.moved[self._stored] + 1, self._after)

    def _work_out(self, grants: list[int]) -> None:
        """When the next beats of STOREs move on; ``grants``: of the beat but one before each."""
        beats = self._beats
        moved, served = beats.moved, beats.served
        last = moved[-1] if moved else -1
        for granted in grants:
            if len(served) == len(moved):
                self._read()
            time = served[len(moved)] + DATA_CYCLES
            if time <= granted:
                time = granted + 1
            last = time if time > last else last + 1
            moved.append(last)

    def _read(self) -> None:
        """When the next STORE's beat is accepted, and served by its banks."""
        beats = self._beats
        accepted, served = beats.accepted, beats.served
        beat = len(accepted)
        time = beats.least[beat]
        if beat:
            if accepted[-1] >= time:
                time = accepted[-1] + 1
            if beat >= BANKS_FIFO and served[-BANKS_FIFO] >= time:
                time = served[-BANKS_FIFO] + 1
            if beat >= BEATS_FIFO and beats.moved[beat - BEATS_FIFO] >= time:
                time = beats.moved[beat - BEATS_FIFO] + 1
        accepted.append(time)
        time += BANK_CYCLES
        if beat and served[-1] >= time:
            time = served[-1] + 1
        mask, place, window = beats.masks[beat], time - self._begin, self._window
        while True:
            if not 0 <= place < len(window):
                self._see(place + self._begin)
                place, window = 0, self._window
            if not window[place] & mask:
                break
            place += 1
        served.append(place + self._begin)

    def _see(self, time: int) -> None:
        """Look at the banks in this cycle and those behind it."""
        self._begin, self._window = time, self.busy(time, time + _WINDOW).tolist()


def _nothing(begin: int, end: int) -> Banks:
    return np.zeros(end - begin, dtype=np.uint16)
