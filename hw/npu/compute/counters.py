"""The counters: cycles by cause and events, and the record of them that MARK asks for.

All inputs pass a register first, so that the counters take nothing from the cycles of their
sources; a record is what it would be without.
"""

from __future__ import annotations

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.profile import CAUSES, EVENTS, RECORD, RECORD_WORDS


class EventLayout(data.StructLayout):
    """How much each event of hw.spec.profile.EVENTS happens in a cycle, by name."""

    def __init__(self, config: NpuConfig) -> None:
        elements = range(config.rows * config.cols + config.requantiser_lanes + 1)
        wide = {"mac", "accumulator_access", "requantise", "elementwise", "table"}
        ports = {"scratchpad_read_words": 2, "scratchpad_write_words": 2}
        # A pair of weights and a pair of parameters.
        words = {"weight_buffer_read_words": 3}
        widths = {
            name: elements if name in wide else (ports | words).get(name, 1) for name, _ in EVENTS
        }
        super().__init__(widths)


class Counters(Component):
    """See the module's text.

    Ports
    -----
    clear: all counters to zero. running: cycles are counted.
    cause: index into CAUSES. events: see `EventLayout`. time: the time stamp's source.
    mark: take a snapshot, for ``layer``; only while ``ready``.
    record: the snapshot's words, RECORD_WORDS of them.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "clear": In(1),
                "running": In(1),
                "cause": In(range(len(CAUSES))),
                "events": In(EventLayout(config)),
                "time": In(32),
                "mark": In(1),
                "layer": In(16),
                "ready": Out(1),
                "record": Out(stream.Signature(32)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        inputs = ("clear", "running", "cause", "events", "time", "mark", "layer")
        late = {name: Signal.like(getattr(self, name), name=f"late_{name}") for name in inputs}
        m.d.sync += [late[name].eq(getattr(self, name)) for name in inputs]
        values = {name: Signal(32, name=name) for name in RECORD if name not in ("layer", "time")}
        for number, (name, _) in enumerate(CAUSES):
            counter = values[f"cycles_{name}"]
            with m.If(late["running"] & (late["cause"] == number)):
                m.d.sync += counter.eq(counter + 1)
        for name, _ in EVENTS:
            counter = values[f"events_{name}"]
            m.d.sync += counter.eq(counter + late["events"][name])
        with m.If(late["clear"]):
            m.d.sync += [counter.eq(0) for counter in values.values()]
        self._send(m, late["mark"], {"layer": late["layer"], "time": late["time"], **values})
        return m

    def _send(self, m: Module, mark: Signal, sources: dict[str, Signal]) -> None:
        """Keeps ``sources`` at ``mark``, and puts them out word by word."""
        snapshot = [Signal(32, name=f"snapshot_{name}") for name in RECORD]
        position = Signal(range(RECORD_WORDS))
        sending = Signal()
        with m.If(mark):
            m.d.sync += [s.eq(sources[name]) for s, name in zip(snapshot, RECORD, strict=True)]
            m.d.sync += sending.eq(1)
            m.d.sync += position.eq(0)
        with m.If(self.record.valid & self.record.ready):
            m.d.sync += position.eq(position + 1)
            with m.If(position == RECORD_WORDS - 1):
                m.d.sync += sending.eq(0)
        padding = [0] * (RECORD_WORDS - len(RECORD))
        m.d.comb += [
            self.ready.eq(~sending & ~mark),
            self.record.valid.eq(sending),
            self.record.payload.eq(Array([*snapshot, *padding])[position]),
        ]
