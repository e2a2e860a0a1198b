"""Column buffers: activations on their way from the scratchpad into the array.

Every column keeps ``column_bytes`` of activations, written one word at a time by the feeder and
read one step at a time by the array. The bytes are divided into slots, used as a ring:

- convolution: slots of ``port_bytes``; a slot holds consecutive bytes of each pixel's window
  from the column's offset on (neighbouring pixels may get the same bytes, read once), and a step
  takes the same byte of the window in every column, for all rows;
- depthwise: slots of ``weight_word_bytes``; a slot holds one input row, a pixel in each column,
  and a step takes for output pixel ``c`` the pixel in column ``c * stride + tap``, a byte for
  each row.
"""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from hw.spec.config import NpuConfig

SELECT_LATENCY = 2
"""Cycles from a choice to its activations."""


class FillLayout(data.StructLayout):
    """A write of one word into one column, or into several whose windows all lie in it.

    ``columns``: which ones; ``offsets``: byte of the word at which each column's window starts;
    ``slot``: which slot; ``depthwise``: how slots are divided; ``data``: ``port_bytes`` bytes
    (depthwise: the low ``weight_word_bytes`` count).
    """

    def __init__(self, config: NpuConfig) -> None:
        super().__init__(
            {
                "columns": config.columns,
                "offsets": data.ArrayLayout(range(config.port_bytes), config.cols),
                "slot": range(config.depthwise_slots),
                "depthwise": 1,
                "data": 8 * config.port_bytes,
            }
        )


class SelectLayout(data.StructLayout):
    """What a step reads.

    ``slot``: which one; convolution: ``byte`` of each column's window; depthwise: the column
    ``tap`` of the window, ``double``: output pixels two columns apart.
    """

    def __init__(self, config: NpuConfig) -> None:
        super().__init__(
            {
                "valid": 1,
                "depthwise": 1,
                "slot": range(config.depthwise_slots),
                "byte": range(config.port_bytes),
                "tap": range(config.depthwise_kernel),
                "double": 1,
            }
        )


class Columns(Component):
    """The buffers and their selectors.

    Ports: ``fill`` writes at the end of the cycle; ``select`` chooses, and ``activations``
    (byte ``r * cols + c``) holds the choice `SELECT_LATENCY` cycles later, as long as no other is
    made. The choice is looked up one cycle after ``select``.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "fill": In(FillLayout(config)),
                "select": In(SelectLayout(config)),
                "activations": Out(8 * config.rows * config.cols),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        granules = self._storage(m)
        select = Signal(SelectLayout(config))
        m.d.sync += select.valid.eq(self.select.valid)
        with m.If(self.select.valid):
            m.d.sync += select.eq(self.select)
        bytes_ = self._bytes(m, select, granules)
        with m.If(select.valid):
            m.d.sync += self.activations.eq(
                Cat(
                    bytes_[c].word_select(r, 8)
                    for r in range(config.rows)
                    for c in range(config.cols)
                )
            )
        return m

    def _bytes(
        self, m: Module, select: data.View[SelectLayout], granules: list[list[Signal]]
    ) -> list[Signal]:
        """For each output pixel its byte for every row."""
        config = self._config
        word = config.weight_word_bytes
        shift = exact_log2(word)
        indices = self._indices(m)
        chosen = [Signal(8 * word, name=f"chosen_{c}") for c in range(config.columns)]
        bytes_ = [Signal(8 * config.rows, name=f"pixel_{c}") for c in range(config.columns)]
        for c in range(config.columns):
            granule = select.slot
            if c < config.cols:
                granule = Mux(select.depthwise, select.slot, indices[c] >> shift)
            m.d.comb += chosen[c].eq(Array(granules[c])[granule])
        for c in range(config.cols):
            shared = chosen[c].word_select(indices[c][:shift], 8)
            pixel = self._window(m, select, chosen, c)
            m.d.comb += bytes_[c].eq(
                Mux(select.depthwise, pixel, Cat(shared for _ in range(config.rows)))
            )
        return bytes_

    def _indices(self, m: Module) -> list[Signal]:
        """For each output pixel the byte of its column buffer that a convolution's step takes."""
        config, fill = self._config, self.fill
        port_shift = exact_log2(config.port_bytes)
        indices = []
        for c in range(config.cols):
            offsets = []
            for slot in range(config.convolution_slots):
                offset = Signal(range(config.port_bytes), name=f"offset_{c}_{slot}")
                with m.If(fill.columns[c] & (fill.slot == slot)):
                    m.d.sync += offset.eq(fill.offsets[c])
                offsets.append(offset)
            index = Signal(range(config.column_bytes), name=f"index_{c}")
            byte = Array(offsets)[self.select.slot] + self.select.byte
            m.d.sync += index.eq(byte[:port_shift] + (self.select.slot << port_shift))
            indices.append(index)
        return indices

    def _storage(self, m: Module) -> list[list[Signal]]:
        """Registers, ``[column][granule]``, and their writes."""
        config, fill = self._config, self.fill
        word = config.weight_word_bytes
        per_slot = config.port_bytes // word
        granules: list[list[Signal]] = []
        for c in range(config.columns):
            granules.append([])
            for g in range(config.depthwise_slots):
                granule = Signal(8 * word, name=f"column_{c}_granule_{g}")
                granules[c].append(granule)
                part = fill.data.word_select(g % per_slot, 8 * word)
                with m.If(fill.columns[c] & fill.depthwise & (fill.slot == g)):
                    m.d.sync += granule.eq(fill.data[: 8 * word])
                with m.Elif(fill.columns[c] & ~fill.depthwise & (fill.slot == g // per_slot)):
                    m.d.sync += granule.eq(part)
        return granules

    def _window(
        self, m: Module, select: data.View[SelectLayout], chosen: list[Signal], c: int
    ) -> Signal:
        """The pixel of the depthwise window that output pixel ``c`` takes in this step."""
        config = self._config
        single = [chosen[c + tap] for tap in range(config.depthwise_kernel)]
        last = config.columns - 1
        double = [chosen[min(2 * c + tap, last)] for tap in range(config.depthwise_kernel)]
        pixel = Signal(8 * config.weight_word_bytes, name=f"window_{c}")
        m.d.comb += pixel.eq(
            Mux(select.double, Array(double)[select.tap], Array(single)[select.tap])
        )
        return pixel
