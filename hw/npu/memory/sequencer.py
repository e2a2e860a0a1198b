"""The sequencer: hands each command to its queue, in order, and ends the stream."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import stream
from amaranth.lib.enum import Enum
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from tilewright.hw.npu.command_view import COMMAND_LAYOUT, CommandView, opcode_of
from tilewright.hw.npu.memory.command_fetch import COMMAND_WORD
from tilewright.hw.npu.memory.compute_queue import ComputeQueue
from tilewright.hw.npu.memory.decoder import Decoder, Queue
from tilewright.hw.npu.memory.transfer_beats import TRANSFER_DESCRIPTOR
from tilewright.hw.npu.memory.weights_dma import WEIGHTS_DESCRIPTOR
from tilewright.hw.spec.commands import WAIT_BITS, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.registers import ERROR_CODES


class State(Enum, shape=4):
    """NPU.DEBUG.sequencer."""

    IDLE = 0
    DECODE = 1
    FINISH = 2


class Sequencer(Component):
    """Executes a command stream.

    After an error no more commands are handed out; those that were run to their end, then the
    weights that are left are dropped.

    Ports
    -----
    start: pulse, begins a stream; ignored while ``busy``. clear: pulse, it begins.
    acknowledge: pulse, clears ``done``.
    words: the stream. stop: the stream has ended, no more reads.
    weights, transfers: queues of the DMA.
    compute: commands in order, one ahead; valid once the transfers they wait for have completed.
    compute_blocked: the next one still waits for transfers.
    compute_completed, compute_idle: a compute command has ended (pulse); none is at work.
    transfers_completed: count. transfers_idle, weights_idle, record_idle, fetch_idle: no work left.
    abort_weights: drop the weights that nobody is going to use.
    read_error, write_error: pulse, main memory has answered a request with an error.
    locked: pulse, a write was refused. abort: pulse, the watchdog has ended the stream.
    busy, done, error, state, computes_completed: for the registers.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "clear": Out(1),
                "acknowledge": In(1),
                "words": In(stream.Signature(COMMAND_WORD)),
                "stop": Out(1),
                "weights": Out(stream.Signature(WEIGHTS_DESCRIPTOR)),
                "transfers": Out(stream.Signature(TRANSFER_DESCRIPTOR)),
                "compute": Out(stream.Signature(COMMAND_LAYOUT)),
                "compute_blocked": Out(1),
                "compute_completed": In(1),
                "compute_idle": In(1),
                "transfers_completed": In(WAIT_BITS),
                "transfers_idle": In(1),
                "weights_idle": In(1),
                "record_idle": In(1),
                "fetch_idle": In(1),
                "abort_weights": Out(1),
                "read_error": In(1),
                "write_error": In(1),
                "locked": In(1),
                "abort": In(1),
                "busy": Out(1),
                "done": Out(1),
                "error": Out(4),
                "state": Out(State),
                "computes_completed": Out(WAIT_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        decoder, queue = Decoder(self._config), ComputeQueue()
        m.submodules.decoder = ResetInserter(self.abort)(decoder)
        m.submodules.compute_queue = ResetInserter(self.abort)(queue)
        ended = Signal()
        connect(m, queue.compute, flipped(self.compute))
        m.d.comb += [
            self.busy.eq(self.state != State.IDLE),
            self.clear.eq(self.start & ~self.busy),
            self.stop.eq(self.state == State.FINISH),
            decoder.clear.eq(self.clear),
            queue.clear.eq(self.clear),
            queue.transfers_completed.eq(self.transfers_completed),
            queue.completed.eq(self.compute_completed),
            self.compute_blocked.eq(queue.blocked),
            self.computes_completed.eq(queue.count),
        ]
        self._dispatch(m, decoder, queue.commands, ended)
        self._end(m, decoder, ended, queue.idle & self.compute_idle)
        return m

    def _dispatch(self, m: Module, decoder: Decoder, compute: Any, ended: Signal) -> None:
        """Offers the decoded command to its queue, with the fields that the DMA needs."""
        command, enabled = decoder.commands, Signal()
        words = command.payload.words
        weights = CommandView(words, Opcode.WEIGHTS)
        transfer = CommandView(words, Opcode.LOAD)
        # A cycle late at the start and after an error, but not behind END.
        m.d.sync += enabled.eq((self.state == State.DECODE) & (self.error == 0) & ~ended)
        with m.If(enabled):
            m.d.comb += [
                decoder.words.valid.eq(self.words.valid),
                self.words.ready.eq(decoder.words.ready),
            ]
        m.d.comb += [
            compute.payload.eq(words),
            decoder.words.payload.eq(self.words.payload),
            *(self.weights.payload[name].eq(weights[name]) for name in WEIGHTS_DESCRIPTOR.members),
            *(
                self.transfers.payload[name].eq(transfer[name])
                for name in TRANSFER_DESCRIPTOR.members
                if name not in ("store", "wait")
            ),
            self.transfers.payload.store.eq(opcode_of(words) == Opcode.STORE),
            self.transfers.payload.wait.eq(words[0][-WAIT_BITS:]),
        ]
        with m.Switch(command.payload.queue):
            with m.Case(Queue.WEIGHTS):
                m.d.comb += [
                    self.weights.valid.eq(command.valid & enabled),
                    command.ready.eq(self.weights.ready & enabled),
                ]
            with m.Case(Queue.TRANSFERS):
                m.d.comb += [
                    self.transfers.valid.eq(command.valid & enabled),
                    command.ready.eq(self.transfers.ready & enabled),
                ]
            with m.Case(Queue.END):
                m.d.comb += [ended.eq(command.valid & enabled), command.ready.eq(enabled)]
            with m.Case(Queue.COMPUTE):
                m.d.comb += [
                    compute.valid.eq(command.valid & enabled),
                    command.ready.eq(compute.ready & enabled),
                ]

    def _end(self, m: Module, decoder: Decoder, ended: Signal, computes_idle: Any) -> None:
        """Runs until END or an error, then waits for all that was handed out."""
        quiet = Signal()
        m.d.comb += [
            quiet.eq(computes_idle & self.transfers_idle & self.record_idle),
            self.abort_weights.eq((self.state == State.FINISH) & quiet & (self.error != 0)),
        ]
        with m.If(self.acknowledge):
            m.d.sync += self.done.eq(0)
        with m.Switch(self.state):
            with m.Case(State.IDLE), m.If(self.start):
                m.d.sync += [self.state.eq(State.DECODE), self.done.eq(0), self.error.eq(0)]
            with m.Case(State.DECODE), m.If(ended | (self.error != 0)):
                m.d.sync += self.state.eq(State.FINISH)
            with m.Case(State.FINISH), m.If(quiet & self.weights_idle & self.fetch_idle):
                m.d.sync += [self.state.eq(State.IDLE), self.done.eq(1)]
        with m.If(self.busy & (self.error == 0)):
            for name, failed in (
                ("opcode", decoder.opcode_error),
                ("bus_write", self.write_error),
                ("bus_read", self.read_error | decoder.word_error),
                ("locked", self.locked),
            ):
                with m.If(failed):
                    m.d.sync += self.error.eq(ERROR_CODES[name])
        with m.If(self.abort):
            m.d.sync += [
                self.state.eq(State.IDLE),
                self.done.eq(1),
                self.error.eq(ERROR_CODES["timeout"]),
            ]
