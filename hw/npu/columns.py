"""Column buffers: activations on their way from the scratchpad into the array.

Every column keeps ``column_bytes`` of activations, written one word at a time by the feeder and
read one step at a time by the array. The bytes are divided into slots, used as a ring:

- convolution: slots of ``port_bytes``; a slot holds consecutive bytes of each pixel's window,
  and a step takes the same byte of the slot in every column, for all rows;
- depthwise: slots of ``weight_word_bytes``; a slot holds one input row, a pixel in each column,
  and a step takes for output pixel ``c`` the pixel in column ``c * stride + tap``, a byte for
  each row.
"""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from hw.spec.config import NpuConfig


class FillLayout(data.StructLayout):
    """A write into one column.

    ``column``: which one; ``slot``: which slot; ``depthwise``: how slots are divided;
    ``data``: ``port_bytes`` bytes (depthwise: the low ``weight_word_bytes`` count).
    """

    def __init__(self, config: NpuConfig) -> None:
        super().__init__(
            {
                "valid": 1,
                "column": range(config.columns),
                "slot": range(config.depthwise_slots),
                "depthwise": 1,
                "data": 8 * config.port_bytes,
            }
        )


class SelectLayout(data.StructLayout):
    """What a step reads.

    ``granule``: which ``weight_word_bytes`` of every column; convolution: ``byte`` of it;
    depthwise: the column ``tap`` of the window, ``double``: output pixels two columns apart.
    """

    def __init__(self, config: NpuConfig) -> None:
        super().__init__(
            {
                "valid": 1,
                "depthwise": 1,
                "granule": range(config.depthwise_slots),
                "byte": range(config.weight_word_bytes),
                "tap": range(config.depthwise_kernel),
                "double": 1,
            }
        )


class Columns(Component):
    """The buffers and their selectors.

    Ports: ``fill`` writes at the end of the cycle; ``select`` chooses, and ``activations``
    (byte ``r * cols + c``) holds the choice one cycle later, as long as no other is made.
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
        word = config.weight_word_bytes
        granules = self._storage(m)
        chosen = [Signal(8 * word, name=f"chosen_{c}") for c in range(config.columns)]
        for c in range(config.columns):
            m.d.comb += chosen[c].eq(Array(granules[c])[self.select.granule])
        bytes_ = [Signal(8 * config.rows, name=f"pixel_{c}") for c in range(config.cols)]
        for c in range(config.cols):
            shared = chosen[c].word_select(self.select.byte, 8)
            pixel = self._window(m, chosen, c)
            m.d.comb += bytes_[c].eq(
                Mux(self.select.depthwise, pixel, Cat(shared for _ in range(config.rows)))
            )
        with m.If(self.select.valid):
            m.d.sync += self.activations.eq(
                Cat(
                    bytes_[c].word_select(r, 8)
                    for r in range(config.rows)
                    for c in range(config.cols)
                )
            )
        return m

    def _storage(self, m: Module) -> list[list[Signal]]:
        """Registers, ``[column][granule]``, and their writes."""
        config, fill = self._config, self.fill
        word = config.weight_word_bytes
        per_slot = config.port_bytes // word
        granules: list[list[Signal]] = []
        for c in range(config.columns):
            hit = Signal(name=f"hit_{c}")
            m.d.comb += hit.eq(fill.valid & (fill.column == c))
            granules.append([])
            for g in range(config.depthwise_slots):
                granule = Signal(8 * word, name=f"column_{c}_granule_{g}")
                granules[c].append(granule)
                part = fill.data.word_select(g % per_slot, 8 * word)
                with m.If(hit & fill.depthwise & (fill.slot == g)):
                    m.d.sync += granule.eq(fill.data[: 8 * word])
                with m.Elif(hit & ~fill.depthwise & (fill.slot == g // per_slot)):
                    m.d.sync += granule.eq(part)
        return granules

    def _window(self, m: Module, chosen: list[Signal], c: int) -> Signal:
        """The pixel of the depthwise window that output pixel ``c`` takes in this step."""
        config = self._config
        single = [chosen[c + tap] for tap in range(config.depthwise_kernel)]
        last = config.columns - 1
        double = [chosen[min(2 * c + tap, last)] for tap in range(config.depthwise_kernel)]
        pixel = Signal(8 * config.weight_word_bytes, name=f"window_{c}")
        m.d.comb += pixel.eq(
            Mux(
                self.select.double,
                Array(double)[self.select.tap],
                Array(single)[self.select.tap],
            )
        )
        return pixel
