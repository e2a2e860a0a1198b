"""Programs made of random compute commands, with transfers beside them, for every backend."""

from __future__ import annotations

import random

from tests.hw.npu.commands import (
    random_elementwise,
    random_exponentials,
    random_softmax,
    random_table,
    random_window,
    table_of,
)
from tests.hw.npu.lstm import random_lstm
from tests.hw.npu.moves import random_move
from tests.memory_map import PROGRAM_BASE
from tilewright.hw.spec.commands import EXPONENTIALS, TABLE_SLOTS, Command, Opcode
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.profile import RECORD_BYTES
from tilewright.hw.spec.program import TIME_WORDS, Step
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.steps import NPU
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.program.bound import stream_bound
from tilewright.mapper.program.image import Image, encode_stream, npu_config_word, npu_limit
from tilewright.mapper.program.program import Location, Program, ProgramLayer, ProgramPort

COMPUTED, BESIDE = 16384, 4096
"""Bytes of the scratchpad that compute commands work on, and behind them that transfers move."""


class CommandProgram:
    """Fills the scratchpad from the input ``x``, runs commands, each a layer of its own, and stores
    it in ``y``. Meanwhile rows of other bytes of the scratchpad go to and from ``z``."""

    def __init__(self, config: Config, seed: int) -> None:
        self.config, self.rng = config, random.Random(seed)
        self.image = Image(PROGRAM_BASE, 1)
        self.commands: list[Command] = []
        self.transfers = self.computes = self.layers = 0
        self.holds_exponentials = False
        end = MEMORY_BASE + config.soc.memory_bytes
        self.x, self.y, self.z = end - 0x8000, end - 0x10000, end - 0x14000
        self.records = end - 0x18000

    def random(self, count: int) -> Program:
        """So many commands: windows, and of the units that there are."""
        npu, rng = self.config.npu, self.rng
        self._transfer(Opcode.LOAD, self.x, 0, COMPUTED, 1)
        if npu.softmax_unit:
            home = self.image.place(random_exponentials(rng, EXPONENTIALS))
            self._transfer(Opcode.LOAD, home, COMPUTED + BESIDE, 4 * EXPONENTIALS, 1)
        self.needed = self.transfers
        if npu.table_unit:
            self._fill_slots()
        for _ in range(count):
            for _ in range(rng.randint(0, 3)):
                self._beside()
            kind = rng.random()
            if kind < 0.4 and npu.elementwise_unit:
                self._through(random_elementwise(rng, npu))
            elif kind < 0.5 and npu.softmax_unit:
                self._softmax()
            elif kind < 0.6 and npu.table_unit:
                self._through(random_table(rng))
            elif kind < 0.85 and npu.move_unit:
                self._compute(random_move(rng, read=range(6000), write=range(6000, COMPUTED)))
            elif kind < 0.92 and npu.wide_results:
                self._compute(random_lstm(rng, read=range(6000), write=range(6000, COMPUTED)))
            else:
                self._window()
        self._transfer(Opcode.STORE, self.y, 0, COMPUTED, 1, wait=self.computes)
        self.commands.append(Command(Opcode.END, {}))
        return self._program()

    def windows(self, count: int) -> Program:
        """So many windows, which wait for nothing but their weights."""
        self._transfer(Opcode.LOAD, self.x, 0, COMPUTED, 1)
        self.needed = self.transfers
        for _ in range(count):
            self._window()
        self.commands.append(Command(Opcode.END, {}))
        return self._program()

    def _fill_slots(self) -> None:
        for slot in range(TABLE_SLOTS):
            self._compute(table_of(40 + slot, slot))
        self.holds_exponentials = False

    def _through(self, command: Command) -> None:
        """A command behind tables that it may go through."""
        if self.holds_exponentials:
            self._fill_slots()
        self._compute(command)

    def _softmax(self) -> None:
        """A SOFTMAX behind some exponentials."""
        count = self.rng.choice([EXPONENTIALS, self.rng.randint(1, EXPONENTIALS)])
        values = {"input_address": COMPUTED + BESIDE, "slot": 0, "words": count}
        self._compute(Command(Opcode.TABLE, values))
        self.holds_exponentials = True
        self._compute(random_softmax(self.rng, count))

    def _beside(self) -> None:
        """A transfer of a few rows that no compute command looks at."""
        rng = self.rng
        rows, size = rng.randint(1, 6), rng.randint(1, 300)
        place = COMPUTED + rng.randint(0, BESIDE - rows * size)
        opcode = rng.choice([Opcode.LOAD, Opcode.STORE])
        home = self.x if opcode is Opcode.LOAD else self.z
        self._transfer(opcode, home + rng.randint(0, BESIDE - rows * size), place, size, rows)

    def _transfer(
        self, opcode: Opcode, memory: int, place: int, size: int, rows: int, wait: int = 0
    ) -> None:
        values = {
            "memory_address": memory,
            "scratchpad_address": place,
            "row_bytes": size,
            "rows": rows,
            "memory_pitch": size,
            "scratchpad_pitch": size,
        }
        self.commands.append(Command(opcode, values, wait))
        self.transfers += 1

    def _compute(self, command: Command) -> None:
        mark = Command(Opcode.MARK, {"layer": self.layers})
        self.commands += [Command(command.opcode, command.values, self.needed), mark]
        self.computes += 2
        self.layers += 1

    def _window(self) -> None:
        npu = self.config.npu
        while True:
            command, words = random_window(self.rng, npu)
            data = b"".join(words)
            if len(data) <= npu.weight_buffer_bytes // 2:
                break
        if data:
            data += bytes(-len(data) % npu.weight_memory_bytes)
            place = self.image.place(data, npu.weight_memory_bytes)
            values = {"memory_address": place, "bytes": len(data)}
            self.commands.append(Command(Opcode.WEIGHTS, values))
        keeps = npu.wide_results and command.opcode is Opcode.CONV and command["tiles"] == 1
        for _ in range(self.rng.choice([0, 1, 3]) if keeps else 0):
            self._through(Command(command.opcode, {**command.values, "keep": 1}))
        self._through(command)

    def _program(self) -> Program:
        names = [str(number) for number in range(self.layers)]
        stream = self.image.place(encode_stream(self.commands, names))
        step = Step(NPU, 0, {"commands": stream})
        times = self.records + RECORD_BYTES * self.layers
        total = times + 4 * TIME_WORDS
        header = {
            "npu_config": npu_config_word(self.config),
            "profile_address": self.records,
            "times_address": times,
            "total_address": total,
            "npu_limit": npu_limit([stream_bound(self.commands, self.config)]),
        }
        data = self.image.finish([step], header)
        assert PROGRAM_BASE + len(data) < self.records
        assert total + 8 <= self.z
        quant = Quant((1.0,), (0,))
        location = Location("scratchpad", 0, (1,))
        return Program(
            name="commands",
            config=self.config,
            base=PROGRAM_BASE,
            image=data,
            steps=(step,),
            layers=tuple(
                ProgramLayer(name, "", "npu", 0, (), "", "", location, 1) for name in names
            ),
            inputs=(ProgramPort("x", self.x, (COMPUTED,), "int8", quant),),
            outputs=(
                ProgramPort("y", self.y, (COMPUTED,), "int8", quant),
                ProgramPort("z", self.z, (BESIDE,), "int8", quant),
            ),
            states=(),
            memory_plan=(),
            peak_sram_bytes=COMPUTED + BESIDE + 4 * EXPONENTIALS,
            profile_address=self.records,
            profile_records=self.layers,
            times_address=times,
            total_address=total,
            weight_bytes=0,
            macs=0,
            cycle_bounds=(stream_bound(self.commands, self.config),),
        )
