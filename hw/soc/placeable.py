"""Tops with few pins, for placement on a device alone: a block, or the chip with its memory."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out, connect

from hw.soc.block_memory import BlockMemory
from hw.soc.soc import Soc
from hw.spec.config import Config


class Registered(Component):
    """A block between registers on all its ports, which one pin fills and another empties.

    So a block with more ports than a package has pins can be placed, and paths from and to its
    ports count as in a design around it.

    Attributes
    ----------
    serial_in: shifted into the inputs, the last one's highest bit first. High, it also takes the
        outputs.
    serial_out: outputs that were taken, the last one's highest bit first.
    """

    def __init__(self, block: Component) -> None:
        self._block = block
        super().__init__({"serial_in": In(1), "serial_out": Out(1)})

    def elaborate(self, _platform) -> Module:
        m = Module()
        m.submodules.block = block = self._block
        chain = self.serial_in
        results = []
        for path, member, port in block.signature.flatten(block):
            name, value = "__".join(str(part) for part in path), Value.cast(port)
            held = Signal(len(value), name=f"held_{name}")
            if member.flow is Out:
                m.d.sync += held.eq(value)
                results.append(held)
                continue
            shifted = Signal(len(value), name=f"shifted_{name}")
            m.d.sync += [shifted.eq(Cat(chain, shifted)), held.eq(shifted)]
            m.d.comb += value.eq(held)
            chain = shifted[-1]
        for held in results:
            shifted = Signal.like(held, name=f"shifted_{held.name}")
            m.d.sync += shifted.eq(Mux(self.serial_in, held, Cat(chain, shifted)))
            chain = shifted[-1]
        m.d.sync += self.serial_out.eq(chain)
        return m


class SocWithMemory(Component):
    """The chip and its main memory; only the serial port remains."""

    def __init__(self, config: Config) -> None:
        self._config = config
        super().__init__({"uart_tx": Out(1), "uart_rx": In(1, init=1)})

    def elaborate(self, _platform) -> Module:
        m = Module()
        m.submodules.soc = soc = Soc(self._config)
        m.submodules.memory = memory = BlockMemory(self._config)
        connect(m, soc.memory, memory.bus)
        m.d.comb += [self.uart_tx.eq(soc.uart_tx), soc.uart_rx.eq(self.uart_rx)]
        return m
