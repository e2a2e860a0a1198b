"""The weight ring: filled by DMA ahead of use, read as weight words in the order of use."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import Component, In, Out

from hw.spec.config import NpuConfig

WEIGHT_START = StructLayout({"blocks": 16, "tiles": 24, "block_words": 24, "stream": 1})
"""What a compute command reads: fields as in its command."""


class WeightRing(Component):
    """Ring memory between the weight DMA and the array.

    Ports
    -----
    beats: beats of the bus, in the order of the weight stream.
    room: beats that the ring can take.
    start: one compute command's reads, accepted while the reader is idle.
    words: for each block the parameter words, then ``block_words`` words for each tile; replayed
        from the ring for every tile, or new ones for every tile with ``stream``. ``tiles`` >= 1.
    clear: forgets all contents; the reader must be idle.
    empty, full: nothing stored; no room for a beat.
    busy: a start is being read or words wait to be taken.
    """

    def __init__(self, config: NpuConfig) -> None:
        self.config = config
        self.ring_beats = config.weight_buffer_bytes // config.bus_bytes
        super().__init__(
            {
                "beats": In(stream.Signature(8 * config.bus_bytes)),
                "room": Out(range(self.ring_beats + 1)),
                "start": In(stream.Signature(WEIGHT_START)),
                "words": Out(stream.Signature(8 * config.weight_word_bytes)),
                "clear": In(1),
                "empty": Out(1),
                "full": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        return Module()
