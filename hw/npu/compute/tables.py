"""The table unit: results go through a table of 256 bytes, so that any function of an int8 is free.

Each lane has a memory with all tables, `TABLE_WORD_BYTES` entries a word: the upper bits of a
result choose the word, the lower ones the entry. TABLE copies a table from the scratchpad into the
memories of all lanes at once, a word a cycle.
"""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from hw.block_ram import block_ram, read_block_ram
from hw.npu.command_view import COMMAND_LAYOUT, CommandView
from hw.npu.compute.requantiser import RequantiserOutput
from hw.npu.ports import crosses_word, read_port
from hw.spec.commands import (
    ADDRESS_BITS,
    TABLE_FIELD,
    TABLE_SLOTS,
    TABLE_WORD_BYTES,
    Opcode,
)
from hw.spec.npu_config import NpuConfig
from hw.spec.timing import SCRATCHPAD_READ_LATENCY, TABLE_WORDS


class Tables(Component):
    """See the module's text.

    Ports
    -----
    start: pulse; ``command`` (TABLE) is stable from then on.
    read: scratchpad; reading: a read is made in this cycle; busy: from start until the table's
        last word is in.
    accesses: of the memories in this cycle.
    results: of the requantiser, for ``command`` with a table or without one (``through``).
    output: ``results`` of a command without, or what the table says `TABLE_LATENCY` cycles later.
    looking_up: a result is on its way through its table.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        lanes = config.requantiser_lanes
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND_LAYOUT),
                "read": Out(read_port(config.port_bytes)),
                "reading": Out(1),
                "busy": Out(1),
                "accesses": Out(range(lanes + 1)),
                "results": In(RequantiserOutput(config)),
                "output": Out(RequantiserOutput(config)),
                "looking_up": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        lanes = range(config.requantiser_lanes)
        depth = TABLE_SLOTS * TABLE_WORDS
        written, write_address = self._load(m)
        # The command is there long before its first result.
        table = CommandView(self.command, Opcode.CONV)[TABLE_FIELD.name]
        through, slot = Signal(), Signal(range(TABLE_SLOTS))
        m.d.sync += [through.eq(table != 0), slot.eq(table - 1)]
        looked_up = Signal(RequantiserOutput(config))
        results = [Signal(RequantiserOutput(config), name=f"result_{i}") for i in range(2)]
        m.d.sync += [results[0].eq(self.results), results[0].valid.eq(self.results.valid & through)]
        for before, after in pairwise(results):
            m.d.sync += after.eq(before)
        m.d.comb += looked_up.eq(results[-1])
        entry_bits = exact_log2(TABLE_WORD_BYTES)
        for index in lanes:
            memory = block_ram(m, f"lane_{index}", 8 * TABLE_WORD_BYTES, depth)
            port = memory.write_port()
            m.d.comb += [
                port.en.eq(written),
                port.addr.eq(write_address),
                port.data.eq(self.read.data),
            ]
            result = self.results.data.word_select(index, 8)
            word = read_block_ram(m, memory, Cat(result[entry_bits:], slot))
            late = results[0].data.word_select(index, 8)
            entry = Signal(8, name=f"entry_{index}")
            m.d.sync += entry.eq(word.word_select(late[:entry_bits], 8))
            m.d.comb += looked_up.data.word_select(index, 8).eq(entry)
        with m.If(through):
            m.d.comb += self.output.eq(looked_up)
        with m.Else():
            m.d.comb += self.output.eq(self.results)
        m.d.comb += self.looking_up.eq(results[0].valid | results[1].valid)
        with m.If(written):
            m.d.comb += self.accesses.eq(config.requantiser_lanes)
        with m.Elif(results[1].valid):
            m.d.comb += self.accesses.eq(sum(results[1].mask[i] for i in lanes))
        return m

    def _load(self, m: Module) -> tuple[Signal, Signal]:
        """Reads a table word by word; returns whether one is written, and where."""
        config, read = self._config, self.read
        v = CommandView(self.command, Opcode.TABLE)
        address, words = Signal(ADDRESS_BITS), Signal(range(TABLE_WORDS + 1), init=TABLE_WORDS)
        tag = data.StructLayout({"valid": 1, "word": range(TABLE_WORDS)})
        tags = [Signal(tag, name=f"tag_{i}") for i in range(SCRATCHPAD_READ_LATENCY)]
        m.d.comb += [
            self.reading.eq(words != TABLE_WORDS),
            read.valid.eq(self.reading),
            read.address.eq(address),
            read.size.eq(TABLE_WORD_BYTES),
            read.crosses.eq(crosses_word(address, TABLE_WORD_BYTES, config.port_bytes)),
            self.busy.eq(self.start | self.reading | Cat(t.valid for t in tags).any()),
        ]
        m.d.sync += [tags[0].valid.eq(self.reading), tags[0].word.eq(words)]
        for before, after in pairwise(tags):
            m.d.sync += after.eq(before)
        with m.If(self.start):
            m.d.sync += [address.eq(v["input_address"]), words.eq(0)]
        with m.Elif(self.reading):
            m.d.sync += [address.eq(address + TABLE_WORD_BYTES), words.eq(words + 1)]
        written, target = Signal(), Signal(range(TABLE_SLOTS * TABLE_WORDS))
        m.d.comb += [written.eq(tags[-1].valid), target.eq(Cat(tags[-1].word, v["slot"]))]
        return written, target
