"""Column buffers: activations on their way from the scratchpad into the array.

Every column keeps ``column_bytes`` of activations, written one word at a time by the feeder and
read one step at a time by the array. The bytes are divided into slots, used as a ring:

- convolution: slots of ``port_bytes``; a slot holds consecutive bytes of each pixel's window
  from the column's offset on (neighbouring pixels may get the same bytes, read once), and a step
  takes the same byte of the window in every column, for all rows;
- depthwise: slots of ``depthwise_bytes``; a slot holds one input row, a pixel in each column,
  and a step takes for output pixel ``p`` the pixel in column ``p * stride + tap``, a byte for
  each row. Output pixel ``p`` is column ``p`` of the array, or, paired, its columns ``2p`` and
  ``2p + 1``, which take a pixel's first and second ``rows`` bytes.

Which columns an array column can take from is known for each: a step's ``tap`` and kind are
decoded into one choice among them, in the cycle before it is looked up.
"""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out
from amaranth.utils import exact_log2

from tilewright.hw.spec.npu_config import NpuConfig


class FillLayout(data.StructLayout):
    """A write of one word into one column, or into several whose windows all lie in it.

    ``columns``: which ones; ``offsets``: byte of the word at which each column's window starts;
    ``slot``: which slot; ``depthwise``: how slots are divided; ``data``: ``port_bytes`` bytes
    (depthwise: the low ``depthwise_bytes`` count).
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
    ``tap`` of the window, ``double``: output pixels two columns apart, ``paired``: two columns of
    the array to an output pixel (only if ``pairs_depthwise``; ``double`` then only with it).
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
                "paired": 1,
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
        valid = Signal()
        m.d.sync += valid.eq(self.select.valid)
        chosen, shared = self._read_slots(m)
        bytes_ = [self._take(m, c, chosen, shared[c]) for c in range(config.cols)]
        with m.If(valid):
            m.d.sync += self.activations.eq(
                Cat(
                    bytes_[c].word_select(r, 8)
                    for r in range(config.rows)
                    for c in range(config.cols)
                )
            )
        return m

    def _read_slots(self, m: Module) -> tuple[list[Signal], list[Value]]:
        """Each column's depthwise slot, and its byte for a convolution."""
        config, select = self._config, self.select
        shift = exact_log2(config.depthwise_bytes)
        chosen, shared = [], []
        for c in range(config.columns):
            slot = Signal(range(config.depthwise_slots), name=f"slot_{c}")
            number = select.slot
            if c < config.cols:
                byte = self._byte(m, c)
                place = Signal(shift, name=f"place_{c}")
                m.d.sync += place.eq(byte[:shift])
                number = Mux(select.depthwise, select.slot, Cat(byte[shift:], select.slot))
            m.d.sync += slot.eq(number)
            chosen.append(Signal(8 * config.depthwise_bytes, name=f"chosen_{c}"))
            m.d.comb += chosen[c].eq(self._storage(m, c, slot))
            if c < config.cols:
                shared.append(chosen[c].word_select(place, 8))
        return chosen, shared

    def _byte(self, m: Module, c: int) -> Signal:
        """The byte of a slot that a convolution's step takes for column ``c``."""
        config, fill = self._config, self.fill
        offsets = []
        for slot in range(config.convolution_slots):
            offset = Signal(range(config.port_bytes), name=f"offset_{c}_{slot}")
            with m.If(fill.columns[c] & (fill.slot == slot)):
                m.d.sync += offset.eq(fill.offsets[c])
            offsets.append(offset)
        byte = Signal(range(config.port_bytes), name=f"byte_{c}")
        m.d.comb += byte.eq(Array(offsets)[self.select.slot] + self.select.byte)
        return byte

    def _storage(self, m: Module, c: int, slot: Signal) -> Value:
        """The memories of column ``c`` and their writes; returns what stands in ``slot``.

        A convolution's slot takes a word of all banks, a depthwise one a word of one bank, so that
        each memory has one write and one read a cycle: LUT RAM where there is such.
        """
        config, fill = self._config, self.fill
        bits = 8 * config.depthwise_bytes
        banks = config.port_bytes // config.depthwise_bytes
        bank_bits = exact_log2(banks)
        words = []
        for b in range(banks):
            memory = Memory(shape=bits, depth=config.convolution_slots, init=[])
            m.submodules[f"column_{c}_bank_{b}"] = memory
            write, read = memory.write_port(), memory.read_port(domain="comb")
            mine = fill.slot[:bank_bits] == b
            m.d.comb += [
                write.en.eq(fill.columns[c] & (~fill.depthwise | mine)),
                write.addr.eq(Mux(fill.depthwise, fill.slot[bank_bits:], fill.slot)),
                write.data.eq(
                    Mux(fill.depthwise, fill.data[:bits], fill.data.word_select(b, bits))
                ),
                read.addr.eq(slot[bank_bits:]),
            ]
            words.append(read.data)
        return Array(words)[slot[:bank_bits]] if banks > 1 else words[0]

    def _take(self, m: Module, c: int, chosen: list[Signal], shared: Value) -> Signal:
        """What column ``c`` of the array takes, a byte for each row.

        Choice 0 is a convolution's byte for all rows; the others are the halves of pixels that
        some depthwise window has at this column.
        """
        config, select = self._config, self.select
        bits = 8 * config.rows
        windows = self._windows(c)
        halves = sorted({half for _, taps in windows for half in taps})
        choices = [shared.replicate(config.rows)]
        choices += [chosen[column].word_select(half, bits) for column, half in halves]
        choice = Signal(range(len(choices)), name=f"choice_{c}")
        with m.If(~select.depthwise):
            m.d.sync += choice.eq(0)
        for kind, taps in windows:
            numbers = Array(1 + halves.index(half) for half in taps)
            with m.Elif(kind):
                m.d.sync += choice.eq(numbers[select.tap])
        taken = Signal(bits, name=f"taken_{c}")
        m.d.comb += taken.eq(Array(choices)[choice])
        return taken

    def _windows(self, c: int) -> list[tuple[Value, list[tuple[int, int]]]]:
        """Kinds of depthwise window at column ``c`` of the array; what each takes, by tap.

        (column, half of its pixel); taps beyond the last column do not happen.
        """
        config, select = self._config, self.select

        def taps(first: int, half: int) -> list[tuple[int, int]]:
            last = min(first + config.depthwise_kernel, config.columns)
            return [(column, half) for column in range(first, last)]

        if not config.pairs_depthwise:
            windows = [(~select.double, taps(c, 0)), (select.double, taps(2 * c, 0))]
        elif c < 2 * config.paired_pixels:
            pixel, half = divmod(c, 2)
            windows = [
                (~select.paired, taps(c, 0)),
                (~select.double, taps(pixel, half)),
                (select.double, taps(2 * pixel, half)),
            ]
        else:
            windows = [(~select.paired, taps(c, 0))]
        return [window for window in windows if window[1]]
