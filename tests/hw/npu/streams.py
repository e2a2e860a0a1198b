"""Random command streams for the memory side, with what each command does, executed in order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.hw.npu.main_memory import BASE
from tilewright.hw.spec.commands import BODY, PARAMETER_WORDS, Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.profile import RECORD_BYTES, RECORD_WORDS

COMMANDS, RECORDS, WEIGHTS, DATA, SIZE = 0x0, 0x3000, 0x6000, 0x10000, 0x14000
"""Where in main memory things lie, from BASE on."""


@dataclass
class ComputeWork:
    """What the bench's compute side does on one command.

    accesses: scratchpad address, data, and the mask of a write; None: a read that gives the data.
    record: words of a profile record. words, parameters: what the weight ring delivers.
    """

    command: Command
    accesses: list[tuple[int, bytes, int | None]] = field(default_factory=list)
    record: list[int] = field(default_factory=list)
    words: list[bytes] = field(default_factory=list)
    parameters: list[bytes] = field(default_factory=list)


class Stream:
    """Commands, with wait counts that keep apart only what touches the same bytes."""

    def __init__(self, config: NpuConfig, memory: bytearray, seed: int) -> None:
        self.config, self.memory = config, memory
        self.rng = random.Random(seed)
        self.scratchpad = bytearray(config.scratchpad_bytes)
        self.commands: list[Command] = []
        self.work: list[ComputeWork] = []
        self.transfers = self.records = 0
        self.weights_at = WEIGHTS
        size = config.scratchpad_bytes
        self.compute_touch, self.compute_write, self.transfer_touch = (
            [0] * size,
            [0] * size,
            [0] * size,
        )

    def transfer(self, opcode: Opcode) -> None:
        rng = self.rng
        rows, row_bytes = (
            rng.choice([0, 1, 1, 2, 3, 6]),
            rng.choice([0, 1, 3, 8, rng.randint(1, 70)]),
        )
        pitches = [rng.randint(0, row_bytes + 20) for _ in range(2)]
        span = [max(rows - 1, 0) * pitch + row_bytes for pitch in pitches]
        near_end = rng.random() < 0.2
        room = self.config.scratchpad_bytes - span[1]
        place = room if near_end else rng.randint(0, min(room, 700))
        memory = rng.randint(DATA, DATA + 0x300)
        touched = [place + r * pitches[1] + i for r in range(rows) for i in range(row_bytes)]
        blockers = self.compute_touch if opcode is Opcode.LOAD else self.compute_write
        wait = max((blockers[i] for i in touched), default=0)
        for r in range(rows):
            m, s = memory + r * pitches[0], place + r * pitches[1]
            if opcode is Opcode.LOAD:
                self.scratchpad[s : s + row_bytes] = self.memory[m : m + row_bytes]
            else:
                self.memory[m : m + row_bytes] = self.scratchpad[s : s + row_bytes]
        self.transfers += 1
        for i in touched:
            self.transfer_touch[i] = self.transfers
        values = {
            "memory_address": BASE + memory,
            "scratchpad_address": place,
            "row_bytes": row_bytes,
            "rows": rows,
            "memory_pitch": pitches[0],
            "scratchpad_pitch": pitches[1],
        }
        self.commands.append(Command(opcode, values, wait))

    def _accesses(self, work: ComputeWork) -> int:
        """Adds random reads and writes; returns the number of transfers they wait for."""
        rng, width, wait = self.rng, self.config.port_bytes, 0
        for _ in range(rng.randint(0, 6)):
            place, size = rng.randint(0, 700), rng.randint(1, width)
            touched = range(place, place + size)
            wait = max(wait, *(self.transfer_touch[i] for i in touched))
            number = len(self.work) + 1
            if rng.random() < 0.5:
                data = bytes(self.scratchpad[place : place + size])
                work.accesses.append((place, data, None))
            else:
                data, mask = rng.randbytes(width), rng.getrandbits(size)
                work.accesses.append((place, data, mask))
                for i in touched:
                    if mask >> (i - place) & 1:
                        self.scratchpad[i] = data[i - place]
                        self.compute_write[i] = number
            for i in touched:
                self.compute_touch[i] = number
        return wait

    def _append(self, work: ComputeWork, wait: int) -> None:
        work.command = Command(work.command.opcode, work.command.values, wait)
        self.work.append(work)
        self.commands.append(work.command)

    def mark(self) -> None:
        work = ComputeWork(Command(Opcode.MARK, {"layer": self.rng.randrange(1 << 16)}))
        if self.rng.random() < 0.5:
            work.record = [self.rng.getrandbits(32) for _ in range(RECORD_WORDS)]
            place = RECORDS + self.records * RECORD_BYTES
            packed = b"".join(word.to_bytes(4, "little") for word in work.record)
            self.memory[place : place + RECORD_BYTES] = packed
            self.records += 1
        wait = self._accesses(work)
        self._append(work, wait)

    def conv(self) -> None:
        """A WEIGHTS command and a CONV that uses its words up."""
        rng, config = self.rng, self.config
        values = {f.name: rng.randint(f.minimum, f.maximum) for f in BODY[Opcode.CONV]}
        values |= {"blocks": rng.randint(1, 3), "tiles": rng.randint(1, 4)}
        size = config.weight_word_bytes << values["paired"]
        # A block that is replayed must fit the ring, wherever in a memory word it begins.
        units = (config.weight_buffer_bytes - config.weight_memory_bytes) // size
        most = min(20, units - PARAMETER_WORDS)
        values |= {"block_words": rng.randint(0, most), "stream": rng.randint(0, 1)}
        work = ComputeWork(Command(Opcode.CONV, values))
        start = self.weights_at

        def take(count: int) -> list[bytes]:
            at = self.weights_at
            self.weights_at += count * size
            return [bytes(self.memory[at + i * size :][:size]) for i in range(count)]

        for _ in range(values["blocks"]):
            work.parameters += take(PARAMETER_WORDS)
            tile = take(values["block_words"])
            work.words += tile
            for _ in range(values["tiles"] - 1):
                tile = take(values["block_words"]) if values["stream"] else tile
                work.words += tile
        self.weights_at += -self.weights_at % config.weight_memory_bytes
        assert self.weights_at < DATA
        region = {"memory_address": BASE + start, "bytes": self.weights_at - start}
        self.commands.append(Command(Opcode.WEIGHTS, region))
        self._append(work, 0)

    def random(self, count: int) -> None:
        """``count`` random commands and END."""
        choices = [lambda: self.transfer(Opcode.LOAD), lambda: self.transfer(Opcode.STORE)]
        for _ in range(count):
            self.rng.choice([*choices * 2, self.mark, self.conv])()
        self.end()

    def end(self) -> None:
        self.commands.append(Command(Opcode.END, {}))
        self.place([word for command in self.commands for word in command.encode()])

    def place(self, words: list[int]) -> None:
        """Puts the stream's words into main memory."""
        packed = b"".join(word.to_bytes(4, "little") for word in words)
        assert len(packed) < RECORDS - COMMANDS
        self.memory[COMMANDS : COMMANDS + len(packed)] = packed
