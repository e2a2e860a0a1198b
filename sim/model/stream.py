"""A command stream on the accelerator, command by command: three queues and the bus they share.

Cycles count from the pulse that starts the stream. What a command does on the array comes from
`sim.model.loops`, what its weights wait for from the bus.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hw.spec.commands import COMPUTE_OPCODES, LENGTH, TRANSFER_OPCODES, Command, Opcode
from hw.spec.config import Config
from hw.spec.profile import RECORD_BYTES, RECORD_WORDS
from sim.model.array import REQUANTISER_LATENCY, WRITE_MARGIN
from sim.model.banks import ADD_CYCLES
from sim.model.bus import FETCH, RECORD, WEIGHTS, Bus
from sim.model.clients import NEVER
from sim.model.fetch import ANSWER_CYCLES, FETCH_BYTES, Fetch
from sim.model.geometry import Geometry
from sim.model.loops import limited_time
from sim.model.ring import RingLines
from sim.model.transfers import Activity, TransferQueue
from sim.model.work import Work

WEIGHTS_QUEUE = 4
"""WEIGHTS commands that wait behind the one at work (hw.npu.weights_dma)."""

REGION_CYCLES = 2
"""From a WEIGHTS command's dispatch to its first request."""

RECORD_CYCLES = 2
"""From a MARK to its record's first word, and from a beat's grant to the next one's first word
less one: registers of the counters and of the profile writer."""

REFILL_AHEAD = 6
"""Beats that the CPU has asked for before the first command: what it runs behind the start lies in
another line of its cache."""

_LINE_BYTES = 32

_ALL = NEVER - 1
"""A cycle behind all others."""

_LONGEST_RECORD = 8 * (RECORD_WORDS + RECORD_BYTES)
"""A record is gone after these cycles, whoever else asks for the bus."""


@dataclass(frozen=True)
class Mark:
    """A layer's end: time, and the counters at that time."""

    layer: int
    time: int
    causes: Counter[str]
    events: Counter[str]


@dataclass
class _Counts:
    """The counters, but for what the bus does."""

    causes: Counter[str] = field(default_factory=Counter[str])
    events: Counter[str] = field(default_factory=Counter[str])


class StreamReplay:
    """One stream, from its start until the interrupt.

    After `run`: ``marks``, and ``done``, the cycle in which the interrupt is raised.
    """

    def __init__(self, works: Sequence[Work], config: Config) -> None:
        npu = config.npu
        self._works = works
        self._bus_bytes, self._npu = npu.bus_bytes, npu
        self._record_gap = npu.bus_bytes // 4 + RECORD_CYCLES - 1
        self._answers = config.soc.memory_latency + ANSWER_CYCLES
        self.bus = Bus(
            FETCH_BYTES // npu.bus_bytes,
            npu.weight_buffer_bytes // npu.bus_bytes,
            self._record_gap,
        )
        self.bus.share_start(max(_LINE_BYTES // npu.bus_bytes - REFILL_AHEAD, 0))
        self._fetch = Fetch(self.bus, npu.bus_bytes, config.soc.memory_latency)
        self._transfers = TransferQueue(self.bus, config.soc.memory_latency)
        self._ring = RingLines(self.bus, npu, self._answers, self._fill_ring)
        # The sequencer: its next command, when that was decoded, when it can take another word.
        self._next = self._free = 0
        self._decoded: int | None = None
        self._regions: list[int] = []  # ends of the WEIGHTS commands, in beats
        self._held = NEVER  # the beat of the weights up to which it waits for the bus, no command
        self._ended = 0
        # Compute commands: when they were dispatched, taken, and seen to have completed.
        self._dispatched: list[int] = []
        self._taken: list[int] = []
        self._completed: list[int] = []
        self._counts = _Counts()
        self.marks: list[Mark] = []
        self.done = 0

    def run(self) -> None:
        """All commands."""
        idle = 1
        for work in self._works:
            if work.command.opcode in COMPUTE_OPCODES:
                idle = self._compute(work, idle)
        self._decode(_ALL)
        self._finish(idle)

    def _fill_ring(self, beat: int) -> None:
        """A beat of the weights is waited for: regions up to it are dispatched meanwhile."""
        if beat > self._held or beat >= self.bus.weights.asked:
            self._decode(self.bus.time, weights=beat)

    def _decode(self, until: int, reach: int = 0, weights: int = 0) -> None:
        """Dispatches commands until one waits for a compute command that lies ahead.

        The bus is followed up to cycle ``until``, and until so many requests of transfers or
        ``weights`` have been granted: nobody asks for it before of whom it does not know yet.
        """
        self._held = NEVER
        while self._next < len(self._works):
            work = self._works[self._next]
            command = work.command
            if self._decoded is None:
                self._decoded = self._fetch.take(LENGTH[command.opcode], self._free) + 1
            room = self._room(command, until, reach, weights)
            if room is None:
                return
            time = max(self._decoded, room)
            self._dispatch(work, time)
            self._free, self._decoded = time + 1, None
            self._next += 1

    def _room(self, command: Command, until: int, reach: int, weights: int) -> int | None:
        """From when on the command's queue has room; None as long as that is not known."""
        if command.opcode in COMPUTE_OPCODES:
            ahead = len(self._dispatched)
            if ahead > len(self._taken):
                return None
            return self._taken[-1] if ahead else 0
        if command.opcode in TRANSFER_OPCODES:
            room = self._transfers.free(until, reach)
            if room is None:
                self._held = 0
            return room
        if command.opcode is Opcode.WEIGHTS and len(self._regions) > WEIGHTS_QUEUE:
            last = self._regions[-WEIGHTS_QUEUE - 1] - 1
            granted = None
            if self.bus.weights.has_room(last):
                limit = _ALL if last < weights else until
                granted = self.bus.granted_by(WEIGHTS, last, limit)
            if granted is None:
                self._held = last
                return None
            return granted + REGION_CYCLES
        return 0

    def _dispatch(self, work: Work, time: int) -> None:
        command = work.command
        if command.opcode in COMPUTE_OPCODES:
            self._dispatched.append(time)
        elif command.opcode in TRANSFER_OPCODES:
            self._transfers.dispatch(work, time, self._completed)
        elif command.opcode is Opcode.END:
            self._ended = time
            self.bus.end_fetch(time + 1)
        elif command["bytes"]:
            beats = command["bytes"] // self._bus_bytes
            self.bus.weights.ask(time + REGION_CYCLES, beats)
            self._regions.append((self._regions[-1] if self._regions else 0) + beats)

    def _compute(self, work: Work, idle: int) -> int:
        """From the cycle in which the compute side is idle to the one in which it is so again."""
        self._decode(idle)
        if len(self._dispatched) == len(self._taken):
            self._decode(_ALL)
        self._decode(idle, self._transfers.reach(work.command.wait))
        causes = self._counts.causes
        here = max(idle, self._dispatched[len(self._taken)] + 1)
        taken = self._transfers.completed(work.command.wait, here)
        causes["command"] += here - idle + 1
        causes["transfer"] += taken - here
        self._taken.append(taken)
        self._decode(taken)
        if work.geometry:
            completed = self._window(work, work.geometry, taken + 1)
        elif work.command.opcode is Opcode.ADD:
            completed = self._add(work, taken + 1)
        else:
            completed = self._mark(work.command["layer"], taken + 1)
        self._completed.append(completed + 1)
        self._transfers.begin(self._completed)
        return completed + 1

    def _window(self, work: Work, geometry: Geometry, start: int) -> int:
        """A CONV or DEPTHWISE that starts; returns when it completes."""
        time = work.time
        self._ring.begin(start)
        if self._held == NEVER:
            self.bus.know(start + time.completed)
        activity = Activity(work, start, NEVER, time)
        self._transfers.settle(activity)
        if geometry.stream or not self._ring.serves(time):
            activity.time = time = limited_time(geometry, self._ring)
        self._ring.end(time.lines)
        causes = self._counts.causes
        causes["command"] += 2
        causes["busy"] += time.steps
        for cause, cycles in zip(time.waits._fields, time.waits, strict=True):
            causes[cause] += cycles
        causes["drain"] += time.completed - time.last_step
        self._counts.events.update(work.events)
        activity.end = start + time.completed
        return activity.end

    def _add(self, work: Work, start: int) -> int:
        reads = 2 * work.words
        drain = ADD_CYCLES + REQUANTISER_LATENCY + 1 + WRITE_MARGIN
        completed = start + reads + drain
        self._transfers.settle(Activity(work, start, completed))
        self._counts.causes.update({"command": 1, "busy": reads, "drain": drain})
        self._counts.events.update(work.events)
        return completed

    def _mark(self, layer: int, start: int) -> int:
        """A record is taken once the one before has left the counters."""
        causes = self._counts.causes
        if self.marks and start - self.marks[-1].time < _LONGEST_RECORD:
            beats = len(self.marks) * (RECORD_BYTES // self._bus_bytes)
            last = self.bus.granted(RECORD, beats - 2) + self._record_gap
            causes["command"] += max(last - start, 0)
            start = max(last, start)
        self.marks.append(Mark(layer, start, causes.copy(), self._events(start)))
        causes["command"] += 1
        self.bus.clients[RECORD].ask(start + self._record_gap + 1, RECORD_BYTES // self._bus_bytes)
        return start

    def _events(self, time: int) -> Counter[str]:
        """All events before ``time``."""
        answered = time - 1 - self._answers
        self._transfers.settle()
        self.bus.advance(time - 1)
        fetched, recorded, _, weights = (
            client.granted.until(answered) for client in self.bus.clients
        )
        loads, stores, writes, reads = self._transfers.counts(time)
        events = self._counts.events.copy()
        events["scratchpad_read_words"] += reads
        events["scratchpad_write_words"] += writes
        events["memory_read_beats"] = fetched + weights + loads
        events["memory_write_beats"] = recorded + stores
        return events

    def _finish(self, idle: int) -> None:
        """END waits until all is quiet."""
        self._transfers.settle()
        self.bus.advance_all()
        quiet = [idle, self._ended + 1, self._transfers.last_completed()]
        for client in (FETCH, RECORD, WEIGHTS):
            grants = self.bus.clients[client].granted
            if grants.count:
                quiet.append(grants.time(grants.count - 1) + self._answers + 1)
        self.done = max(quiet) + 1
