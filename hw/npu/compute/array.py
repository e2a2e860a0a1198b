"""The MAC array: rows x cols output-stationary processing elements.

Row ``r`` holds one output channel, column ``c`` one output pixel. In every step each element
multiplies its row's weight by its activation and adds the product to its accumulator. A row has
two weights: even and odd columns may compute different channels (paired commands). After a
tile's last step all accumulators are copied into shadow registers, from which the drain takes
them column by column while the next tile accumulates.

Pipeline, from the cycle in which a step is presented:

====  ==========================================================
0, 1  weight is registered, or 1 for maximum (the activation comes registered)
2     product
3     accumulator, which a maximum keeps unless the product is larger
4     shadow register, after the last step of a tile
====  ==========================================================

A row is a module of its own, so that all rows are one module to simulators and synthesis.
"""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.local_copy import local_copy
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import ACTIVATION_DELAY, CAPTURE_LATENCY


class StepControl(data.StructLayout):
    """What travels with a step: ``valid``, ``first`` and ``last`` of its tile, ``maximum``."""

    def __init__(self) -> None:
        super().__init__({"valid": 1, "first": 1, "last": 1, "maximum": 1})


class ArrayRow(Component):
    """One row: ``cols`` elements, of which the even and the odd ones share a weight each.

    Ports: ``weight_even`` and ``weight_odd``, ``activations`` (a byte for each column). Control
    comes a cycle ahead, for registers near the row: ``will_multiply``, ``following`` (the step
    whose products are accumulated), ``will_capture`` (accumulators go to the shadow registers) and
    ``will_shift`` (these move down by one column). ``result`` is the shadow register of column 0.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._cols = config.cols
        self._bits = config.accumulator_bits
        super().__init__(
            {
                "weight_even": In(signed(8)),
                "weight_odd": In(signed(8)),
                "activations": In(8 * config.cols),
                "will_multiply": In(1),
                "following": In(StepControl()),
                "will_capture": In(1),
                "will_shift": In(1),
                "result": Out(signed(config.accumulator_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = self._bits
        step = self.following
        multiply = local_copy(m, self.will_multiply)
        start = local_copy(m, step.first | step.maximum)
        accumulate = local_copy(m, step.valid & (step.first | ~step.maximum))
        accumulate_larger = local_copy(m, step.valid & ~step.first & step.maximum)
        capture = local_copy(m, self.will_capture)
        shift = local_copy(m, self.will_shift)
        shadows = [Signal(signed(bits), name=f"shadow_{c}") for c in range(self._cols)]
        for c in range(self._cols):
            activation = Signal(signed(8), name=f"activation_{c}")
            product = Signal(signed(16), name=f"product_{c}")
            accumulator = Signal(signed(bits), name=f"accumulator_{c}")
            weight = self.weight_odd if c % 2 else self.weight_even
            m.d.comb += activation.eq(self.activations.word_select(c, 8))
            with m.If(multiply):
                m.d.sync += product.eq(activation * weight)
            # Of a maximum both are activations: bytes.
            larger = product[:8].as_signed() > accumulator[:8].as_signed()
            with m.If(accumulate | (accumulate_larger & larger)):
                m.d.sync += accumulator.eq(Mux(start, 0, accumulator) + product)
            following = shadows[c + 1] if c + 1 < self._cols else shadows[0]
            with m.If(capture):
                m.d.sync += shadows[c].eq(accumulator)
            with m.Elif(shift):
                m.d.sync += shadows[c].eq(following)
        m.d.comb += self.result.eq(shadows[0])
        return m


class MacArray(Component):
    """All rows and the step control's pipeline.

    Ports
    -----
    step: control of a step, with
    weights: two bytes for each row, in the same cycle: byte ``r`` for even columns, byte
        ``rows + r`` for odd columns;
    activations: a byte for each row and column (row-major: byte ``r * cols + c``),
        `ACTIVATION_DELAY` cycles later.
    captured: pulse, a tile's results stand in the shadow registers from the next cycle on.
    will_shift: in the next cycle, moves on to the next column's results.
    results: ``accumulator_bits`` for each row, of the column in turn.
    """

    def __init__(self, config: NpuConfig) -> None:
        self._config = config
        super().__init__(
            {
                "step": In(StepControl()),
                "weights": In(2 * 8 * config.rows),
                "activations": In(8 * config.rows * config.cols),
                "captured": Out(1),
                "will_shift": In(1),
                "results": Out(config.accumulator_bits * config.rows),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        stages = [Signal(StepControl(), name=f"stage_{i}") for i in range(CAPTURE_LATENCY - 1)]
        m.d.sync += stages[0].eq(self.step)
        for before, after in pairwise(stages):
            m.d.sync += after.eq(before)
        weights = [Signal.like(self.weights, name=f"weights_{i}") for i in range(ACTIVATION_DELAY)]
        ones = Const(1, 8).replicate(2 * config.rows)
        with m.If(self.step.valid):
            m.d.sync += weights[0].eq(Mux(self.step.maximum, ones, self.weights))
        m.d.sync += weights[1].eq(weights[0])
        will_multiply, will_accumulate, will_capture, capture = stages
        m.d.comb += self.captured.eq(capture.valid & capture.last)
        rows: list[Elaboratable] = []
        results = []
        for r in range(config.rows):
            row = ArrayRow(config)
            m.submodules[f"row_{r}"] = row
            rows.append(row)
            m.d.comb += [
                row.weight_even.eq(weights[-1].word_select(r, 8)),
                row.weight_odd.eq(weights[-1].word_select(config.rows + r, 8)),
                row.activations.eq(self.activations.word_select(r, 8 * config.cols)),
                row.will_multiply.eq(will_multiply.valid),
                row.following.eq(will_accumulate),
                row.will_capture.eq(will_capture.valid & will_capture.last),
                row.will_shift.eq(self.will_shift),
            ]
            results.append(row.result)
        m.d.comb += self.results.eq(Cat(*results))
        return m
