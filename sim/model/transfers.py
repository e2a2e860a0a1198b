"""The transfer queue: LOADs and STOREs on the bus and at the scratchpad."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hw.spec.commands import Opcode
from sim.model.banks import Banks
from sim.model.bus import TRANSFERS, Bus
from sim.model.clients import NEVER
from sim.model.fetch import ANSWER_CYCLES
from sim.model.loops import ArrayTime
from sim.model.stores import BEATS_FIFO, WHOLE_FIFO
from sim.model.work import Work
from sim.model.writes import served

TRANSFERS_QUEUE = 4
"""Transfers that wait behind the one at work (hw.npu.transfers)."""

ADMIT_CYCLES = 1
"""From a transfer's dispatch until it can begin."""

LOAD_REQUEST = 5
"""From a LOAD's beginning to its first request: row, beat, FIFOs."""

STORE_READ = 3
"""From a STORE's beginning to its first read of the scratchpad."""

FIRST_BEAT = 2
"""From a transfer's beginning to its first beat behind the addresses: two rows."""

AHEAD_OF_READS = 2
"""Beats that leave the addresses before the one that is read: a FIFO."""

AHEAD_OF_BUS = AHEAD_OF_READS + BEATS_FIFO + WHOLE_FIFO
"""Those that leave the addresses before the one that is granted: all FIFOs."""

LEAVE_CYCLES = 3
"""From that grant until the beat leaves: each FIFO knows a cycle late that it has room."""

WRITE_CYCLES = 3
"""From an answer to its write of the scratchpad: FIFO and register."""

COMPLETE_CYCLES = 2
"""From the last write to the count that the compute queue sees."""


class Activity:
    """A compute command's accesses to the scratchpad, in the cycles ``start`` to ``end``.

    ``time``: its time on the array, as far as it is known, if it is a CONV or DEPTHWISE.
    """

    def __init__(self, work: Work, start: int, end: int, time: ArrayTime | None = None) -> None:
        self.start, self.end, self.time = start, end, time
        self.writing = work.events["scratchpad_write_words"]
        self._work = work

    @cached_property
    def reads(self) -> Banks:
        """Banks that it reads."""
        return self._work.reads(self.time)

    @cached_property
    def writes(self) -> Banks:
        """Banks that it writes; so many cycles as ``writing`` do so."""
        return self._work.writes(self.time)


@dataclass
class _Transfer:
    """``end``: number of the first request behind its ``beats``; ``stored``: of those of STOREs.
    ``begins``: by what it waits for; ``starts``: when the one before has made room, too.
    ``written``: its last beat is done with the scratchpad."""

    work: Work
    store: bool
    dispatched: int
    beats: int
    end: int
    stored: int
    begins: int = 0
    starts: int = 0
    written: int = 0


class TransferQueue:
    """All transfers of a stream, as they are dispatched.

    What a STORE asks of the bus is settled as late as possible (`settle`), when the compute command
    beside it is known.
    """

    def __init__(self, bus: Bus, latency: int) -> None:
        self._bus = bus
        self._client = bus.transfers
        self._client.busy = lambda begin, end: self._busy(begin, end, writes=False)
        self._answers = latency + ANSWER_CYCLES
        self._transfers: list[_Transfer] = []
        self._begun = self._settled = 0
        self._activities: list[Activity] = []

    def free(self, time: int, reach: int) -> int | None:
        """From when on the queue takes another one, as far as that is known.

        The bus is followed up to ``time``, and until ``reach`` requests have been granted.
        """
        index = len(self._transfers) - TRANSFERS_QUEUE
        if index < 0:
            return 0
        if index >= self._begun:
            return None
        starts = self._starts(index, time, reach)
        return None if starts is None else starts + 1

    def reach(self, count: int) -> int:
        """Requests of the first ``count`` transfers; they ask for the bus."""
        if count > self._settled:
            self.settle()
        return self._transfers[count - 1].end if count else 0

    def _starts(self, index: int, time: int, reach: int) -> int | None:
        """When a transfer's addresses are taken up: the one before has but its last row left."""
        transfer = self._transfers[index]
        if not transfer.starts and index:
            before = self._transfers[index - 1]
            starts = self._starts(index - 1, time, reach)
            moved: int | None = 0
            if before.work.last_row < before.beats:
                moved = self._left(index - 1, before.work.last_row, time, reach)
            elif index > 1:
                moved = self._left(index - 2, 0, time, reach)
            if starts is None or moved is None:
                return None
            transfer.starts = max(transfer.begins, starts + 1, moved)
        return transfer.starts or transfer.begins

    def _left(self, index: int, but: int, time: int, reach: int) -> int | None:
        """When a transfer's beats, but so many, have left the addresses."""
        transfer = self._transfers[index]
        at_least = transfer.starts + FIRST_BEAT + transfer.beats - but - 1
        if index >= self._settled:
            return None
        last = transfer.end - but - 1
        number = last - AHEAD_OF_BUS + transfer.store
        if number >= 0:
            granted = self._bus.granted_by(TRANSFERS, number, NEVER - 1 if number < reach else time)
            if granted is None:
                return None
            if not transfer.store:
                at_least = max(at_least, granted + LEAVE_CYCLES)
        if transfer.store:
            beat = transfer.stored - but - 1 - AHEAD_OF_READS
            accepted = self._client.accepted(beat) if beat >= 0 else 0
            return None if accepted is None else max(at_least, accepted + 1)
        return at_least

    def dispatch(self, work: Work, time: int, completed: list[int]) -> None:
        """Takes a LOAD or STORE; ``completed``: when compute commands were seen to have ended."""
        end, stored = work.beats, 0
        if self._transfers:
            end += self._transfers[-1].end
            stored = self._transfers[-1].stored
        is_store = work.command.opcode is Opcode.STORE
        stored += work.beats * is_store
        self._transfers.append(_Transfer(work, is_store, time, work.beats, end, stored))
        self.begin(completed)

    def begin(self, completed: list[int]) -> None:
        """Those whose compute commands have completed begin, in order."""
        for transfer in self._transfers[self._begun :]:
            wait = transfer.work.command.wait
            if wait > len(completed):
                break
            transfer.begins = transfer.dispatched + ADMIT_CYCLES
            if wait:
                transfer.begins = max(transfer.begins, completed[wait - 1])
            if self._begun:
                before = self._transfers[self._begun - 1]
                transfer.begins = max(transfer.begins, before.begins + 1)
            self._begun += 1
        while self._settled < self._begun and not self._transfers[self._settled].store:
            self._ask_load()

    def settle(self, activity: Activity | None = None) -> None:
        """All that have begun ask for the bus; ``activity`` goes on beside them."""
        if activity:
            self._activities.append(activity)
            self._client.forget()
        while self._settled < self._begun:
            if self._transfers[self._settled].store:
                self._ask_store()
            else:
                self._ask_load()

    def completed(self, count: int, here: int = 0) -> int:
        """When the count shows that so many transfers have completed, ``here`` if before that."""
        if not count:
            return here
        if count > self._settled:
            self.settle()
        transfer = self._transfers[count - 1]
        if not transfer.written:
            if here and self._surely_written(count - 1) + COMPLETE_CYCLES <= here:
                return here
            self._finish(count - 1)
        return max(transfer.written + COMPLETE_CYCLES, here)

    def _surely_written(self, index: int) -> int:
        """A cycle by which a transfer is done: no cycle of the banks' holds it up twice."""
        transfer = self._transfers[index]
        last = self._bus.granted(TRANSFERS, transfer.end - 1) + self._answers + WRITE_CYCLES
        first = index
        while first and not self._transfers[first - 1].written:
            first -= 1
        before = self._transfers[first - 1].written if first else 0
        begin = self._transfers[first]
        grants = self._client.granted
        arrives = grants.time(begin.end - begin.beats) + self._answers + WRITE_CYCLES
        late = max(before - arrives + 1, 0)
        busy = 0
        for activity in reversed(self._activities):
            if activity.end <= arrives:
                break
            busy += activity.writing
        return last + late + busy

    def last_completed(self) -> int:
        """When all have completed."""
        return self.completed(len(self._transfers))

    def counts(self, time: int) -> tuple[int, int, int, int]:
        """Before ``time``: beats of LOADs and STOREs answered, words written and read."""
        granted = self._client.granted
        answered = granted.until(time - 1 - self._answers)
        loads = stores = writes = begin = 0
        for index, transfer in enumerate(self._transfers[: self._settled]):
            beats = transfer.beats
            if transfer.store:
                stores += max(min(beats, answered - begin), 0)
            else:
                loads += max(min(beats, answered - begin), 0)
                writes += self._written(index, time)
            begin = transfer.end
        return loads, stores, writes, self._client.reads(time)

    def _written(self, index: int, time: int) -> int:
        """Beats of a LOAD that the scratchpad took before cycle ``time``."""
        transfer, grants = self._transfers[index], self._client.granted
        begin, delay = transfer.end - transfer.beats, self._answers + WRITE_CYCLES
        arrived = max(min(transfer.beats, grants.until(time - 1 - delay) - begin), 0)
        if not arrived or 0 < transfer.written < time:
            return arrived
        before = 0
        if index:
            before = self._transfers[index - 1].written or self._finish(index - 1)
        arrivals = grants.times(begin, begin + arrived) + delay
        if before < arrivals[0] and not self._writing(int(arrivals[0]), time).any():
            return arrived
        masks = transfer.work.masks[:arrived]
        times = served(masks, np.maximum(arrivals, before + 1), self._writing)
        # It is taken where the register before the banks is free.
        taken = np.maximum(arrivals - 1, np.concatenate([[before], times[:-1]]))
        return int((taken < time - 1).sum())

    def _ask_load(self) -> None:
        transfer = self._transfers[self._settled]
        self._client.ask(transfer.begins + LOAD_REQUEST, transfer.beats)
        self._settled += 1

    def _ask_store(self) -> None:
        """A STORE reads when the LOADs before it are written, and its banks are free."""
        index = self._settled
        transfer = self._transfers[index]
        reads = transfer.begins + STORE_READ
        self._settled += 1
        if index and not self._transfers[index - 1].store:
            reads = max(reads, self.completed(index))
        self._client.store(reads, transfer.work.masks)

    def _finish(self, index: int) -> int:
        """When a transfer's last beat is done with the scratchpad: a LOAD waits for its banks."""
        transfer = self._transfers[index]
        before = 0
        if index:
            before = self._transfers[index - 1].written or self._finish(index - 1)
        delay = self._answers + WRITE_CYCLES
        transfer.written = max(self._bus.granted(TRANSFERS, transfer.end - 1) + delay, before)
        if transfer.store:
            return transfer.written
        grants, begin = self._client.granted, transfer.end - transfer.beats
        first = grants.time(begin) + delay
        if before >= first or self._writing(first, transfer.written + 1).any():
            arrivals = np.maximum(grants.times(begin, transfer.end) + delay, before + 1)
            transfer.written = int(served(transfer.work.masks, arrivals, self._writing)[-1])
        return transfer.written

    def _writing(self, begin: int, end: int) -> Banks:
        return self._busy(begin, end, writes=True)

    def _busy(self, begin: int, end: int, *, writes: bool) -> Banks:
        """Banks that compute commands use in these cycles."""
        found = np.zeros(end - begin, dtype=np.uint16)
        for activity in reversed(self._activities):
            if activity.end <= begin:
                break
            banks = activity.writes if writes else activity.reads
            start = activity.start
            low, high = max(begin, start), min(end, start + len(banks))
            if low < high:
                found[low - begin : high - begin] = banks[low - start : high - start]
        return found
