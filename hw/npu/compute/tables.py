"""The table unit: results go through a table of 256 bytes, so that any function of an int8 is free.

Each lane has a memory with all tables, `TABLE_WORD_BYTES` entries a word: the upper bits of a
result choose the word, the lower ones the entry. TABLE copies a table from the scratchpad into the
memories of all lanes at once, a word a cycle. With a softmax unit the memories are as deep as its
exponentials need, which take the place of both tables.
"""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.block_ram import block_ram, read_block_ram
from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView
from tilewright.hw.npu.compute.requantiser import RequantiserOutput
from tilewright.hw.npu.ports import crosses_word, read_port
from tilewright.hw.spec.commands import (
    ADDRESS_BITS,
    EXPONENTIALS,
    TABLE_FIELD,
    TABLE_SLOTS,
    TABLE_WORD_BYTES,
    TABLE_WORDS,
    Opcode,
)
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import SCRATCHPAD_READ_LATENCY


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
    softmax: a SOFTMAX is at work: ``words`` of all lanes are what lies at ``differences`` (8 bits a
        lane) in the cycle before; lookups: the lanes that count as an access.
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
                "softmax": In(1),
                "differences": In(8 * lanes),
                "lookups": In(lanes),
                "words": Out(8 * TABLE_WORD_BYTES * lanes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        lanes = range(config.requantiser_lanes)
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
            memory = block_ram(m, f"lane_{index}", 8 * TABLE_WORD_BYTES, config.table_words)
            port = memory.write_port()
            m.d.comb += [
                port.en.eq(written),
                port.addr.eq(write_address),
                port.data.eq(self.read.data),
            ]
            result = self.results.data.word_select(index, 8)
            place = Cat(result[entry_bits:], slot)
            if config.softmax_unit:
                place = Mux(self.softmax, self.differences.word_select(index, 8), place)
            word = read_block_ram(m, memory, place)
            m.d.comb += self.words.word_select(index, 8 * TABLE_WORD_BYTES).eq(word)
            late = results[0].data.word_select(index, 8)
            entry = Signal(8, name=f"entry_{index}")
            m.d.sync += entry.eq(word.word_select(late[:entry_bits], 8))
            m.d.comb += looked_up.data.word_select(index, 8).eq(entry)
        with m.If(through):
            m.d.comb += self.output.eq(looked_up)
        with m.Else():
            m.d.comb += self.output.eq(self.results)
        m.d.comb += self.looking_up.eq(results[0].valid | results[1].valid)
        looked_at = Signal(config.requantiser_lanes)
        with m.If(written):
            m.d.comb += looked_at.eq(-1)
        with m.Elif(self.softmax):
            m.d.comb += looked_at.eq(self.lookups)
        with m.Elif(results[1].valid):
            m.d.comb += looked_at.eq(results[1].mask)
        m.d.comb += self.accesses.eq(sum(looked_at[i] for i in lanes))
        return m

    def _load(self, m: Module) -> tuple[Value, Value]:
        """Reads a table word by word; returns whether one is written, and where."""
        config, read = self._config, self.read
        v = CommandView(self.command, Opcode.TABLE)
        address, left = Signal(ADDRESS_BITS), Signal(range(EXPONENTIALS + 1))
        place = Signal(range(EXPONENTIALS))
        tag = data.StructLayout({"valid": 1, "place": range(EXPONENTIALS)})
        tags = [Signal(tag, name=f"tag_{i}") for i in range(SCRATCHPAD_READ_LATENCY)]
        m.d.comb += [
            self.reading.eq(left != 0),
            read.valid.eq(self.reading),
            read.address.eq(address),
            read.size.eq(TABLE_WORD_BYTES),
            read.crosses.eq(crosses_word(address, TABLE_WORD_BYTES, config.port_bytes)),
            self.busy.eq(self.start | self.reading | Cat(t.valid for t in tags).any()),
        ]
        m.d.sync += [tags[0].valid.eq(self.reading), tags[0].place.eq(place)]
        for before, after in pairwise(tags):
            m.d.sync += after.eq(before)
        with m.If(self.start):
            m.d.sync += [address.eq(v["input_address"]), left.eq(v["words"])]
            m.d.sync += place.eq(v["slot"] << exact_log2(TABLE_WORDS))
        with m.Elif(self.reading):
            m.d.sync += [address.eq(address + TABLE_WORD_BYTES), left.eq(left - 1)]
            m.d.sync += place.eq(place + 1)
        return tags[-1].valid, tags[-1].place
