"""The decoder: collects the words of a command and finds the queue that it goes to."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.data import StructLayout
from amaranth.lib.enum import Enum
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.npu.command_view import COMMAND_LAYOUT
from tilewright.hw.npu.memory.command_fetch import COMMAND_WORD
from tilewright.hw.spec.commands import HEADER, LENGTH, MAX_LENGTH, TRANSFER_OPCODES, Opcode
from tilewright.hw.spec.npu_config import NpuConfig


class Queue(Enum, shape=2):
    """Where a command goes; END goes to no queue."""

    WEIGHTS = 0
    TRANSFERS = 1
    COMPUTE = 2
    END = 3


DECODED = StructLayout({"queue": Queue, "words": COMMAND_LAYOUT})
"""A whole command; words beyond its length mean nothing."""


def queue_of(opcode: Opcode) -> Queue:
    """The queue of a command."""
    if opcode in TRANSFER_OPCODES:
        return Queue.TRANSFERS
    return {Opcode.WEIGHTS: Queue.WEIGHTS, Opcode.END: Queue.END}.get(opcode, Queue.COMPUTE)


class Decoder(Component):
    """Takes a word a cycle, and one more cycle to hand the command on.

    Ports
    -----
    words: the stream.
    commands: whole commands.
    clear: forget what was collected.
    opcode_error: the next word is no command's header, or its length is wrong, or there is no unit
        for it; it is not taken.
    word_error: the next word could not be read; it is not taken.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "words": In(stream.Signature(COMMAND_WORD)),
                "commands": Out(stream.Signature(DECODED)),
                "clear": In(1),
                "opcode_error": Out(1),
                "word_error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        header = {field.name: field for field in HEADER}
        word, command = self.words.payload.word, self.commands.payload
        # Words still to come; a header is expected when there are none.
        index, words_left = Signal(range(MAX_LENGTH)), Signal(range(MAX_LENGTH))
        offered, taken = Signal(), Signal()
        known, queue, length = Signal(), Signal(Queue), Signal(8)
        opcode = word[header["opcode"].lsb :][: header["opcode"].width]
        m.d.comb += length.eq(word[header["length"].lsb :])
        with m.Switch(opcode):
            for code in self._config.opcodes:
                with m.Case(int(code)):
                    m.d.comb += [known.eq(length == LENGTH[code]), queue.eq(queue_of(code))]
        m.d.comb += [
            offered.eq(self.words.valid & ~self.commands.valid),
            self.word_error.eq(offered & self.words.payload.error),
            self.opcode_error.eq(offered & ~self.word_error & (words_left == 0) & ~known),
            self.words.ready.eq(~self.commands.valid & ~self.word_error & ~self.opcode_error),
            taken.eq(offered & self.words.ready),
        ]
        with m.If(self.commands.valid & self.commands.ready):
            m.d.sync += self.commands.valid.eq(0)
        with m.If(taken):
            m.d.sync += [command.words[index].eq(word), index.eq(index + 1)]
            with m.If(words_left == 0):
                m.d.sync += [command.queue.eq(queue), words_left.eq(length - 1)]
            with m.Else():
                m.d.sync += words_left.eq(words_left - 1)
            with m.If(Mux(words_left == 0, length == 1, words_left == 1)):
                m.d.sync += [self.commands.valid.eq(1), index.eq(0)]
        with m.If(self.clear):
            m.d.sync += Cat(self.commands.valid, index, words_left).eq(0)
        return m
