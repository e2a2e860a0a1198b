"""Block RAM of which nobody uses a byte that was read while it was written.

What such a read gives is left open by some chips' block RAM, so that synthesis surrounds a memory
with logic and registers to keep what the description says. Here it is told that it need not. Some
chips' block RAM gives no particular word after configuration either, so that their synthesis begins
with `FORGET_INIT`.
"""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Signal
from amaranth.lib.memory import Memory

WORD = "block_ram_word"
"""Name of the registers that become those of block RAM, and of ports that they drive."""

FORGET_INIT = f"setattr -unset init w:{WORD}*"
"""A command for Yosys: these registers need no value after configuration."""


def block_ram(m: Any, name: str, width: int, depth: int, init: Any = ()) -> Memory:
    """A memory, a submodule of the module ``m``, for `read_block_ram`."""
    memory = Memory(shape=width, depth=depth, init=init, attrs={"no_rw_check": 1})
    m.submodules[name] = memory
    return memory


def read_block_ram(m: Any, memory: Memory, address: Any, enable: Any = 1) -> Signal:
    """The word at ``address``, a cycle after ``enable``; synthesis takes its register into the
    block RAM."""
    port: Any = memory.read_port(domain="comb")
    word = Signal(port.data.shape(), reset_less=True, name=WORD)
    m.d.comb += port.addr.eq(address)
    with m.If(enable):
        m.d.sync += word.eq(port.data)
    return word
