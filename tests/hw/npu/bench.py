"""What the blocks' benches share: odd configurations, simulation, commands as the hardware sees."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from amaranth.lib.wiring import Component
from amaranth.sim import Simulator, SimulatorContext

from tilewright.hw.spec.commands import ADDRESS_BITS, MAX_LENGTH, Command
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.timing import SCRATCHPAD_READ_LATENCY

CONFIGS = {
    "5x3": NpuConfig(
        rows=5, cols=3, port_bytes=8, requantiser_lanes=2, accumulator_bits=24, depthwise_kernel=2
    ),
    "3x6": NpuConfig(
        rows=3, cols=6, port_bytes=16, requantiser_lanes=2, accumulator_bits=20, depthwise_kernel=3
    ),
    "6x2": NpuConfig(
        rows=6, cols=2, port_bytes=32, requantiser_lanes=4, accumulator_bits=29, depthwise_kernel=5
    ),
    "7x4": NpuConfig(
        rows=7, cols=4, port_bytes=16, requantiser_lanes=7, accumulator_bits=32, depthwise_kernel=4
    ),
}
"""Not square, not powers of two; lanes that do and don't divide the rows; every port width; slots
of the column buffers that are not a power of two (7x4)."""


def simulate(
    dut: Component, *processes: Callable[[SimulatorContext], Coroutine[Any, Any, None]]
) -> None:
    """Runs ``processes`` until all have returned."""
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for process in processes:
        simulator.add_testbench(process)
    simulator.run()


def command_words(command: Command) -> list[int]:
    """The command as COMMAND_LAYOUT takes it."""
    words = command.encode()
    return words + [0] * (MAX_LENGTH - len(words))


class ReadPort:
    """A scratchpad's read port: what was asked for after the latency, noise for the rest."""

    def __init__(self, memory: bytes, port_bytes: int, rng: random.Random) -> None:
        self._memory, self._port, self._rng = memory, port_bytes, rng
        self._pipeline = [0] * (SCRATCHPAD_READ_LATENCY - 1)

    def cycle(self, ctx: SimulatorContext, read: Any) -> int:
        """Call once a cycle; the result is to be set on ``read.data`` in the next one."""
        data = bytearray(self._rng.randbytes(self._port))
        if ctx.get(read.valid):
            size, address = ctx.get(read.size), ctx.get(read.address)
            assert 1 <= size <= self._port
            assert ctx.get(read.crosses) == (address % self._port + size > self._port)
            for i in range(size):
                place = (address + i) % (1 << ADDRESS_BITS)
                if place < len(self._memory):
                    data[i] = self._memory[place]
        self._pipeline.append(int.from_bytes(data, "little"))
        return self._pipeline.pop(0)


def packed(values: Iterable[int], bits: int = 8) -> int:
    """``values`` side by side in ``bits`` each, the first lowest."""
    mask = (1 << bits) - 1
    return sum((value & mask) << bits * i for i, value in enumerate(values))


def unpacked(word: int, bits: int, count: int) -> list[int]:
    """``count`` signed values of ``bits`` each."""
    values = [word >> bits * i & ((1 << bits) - 1) for i in range(count)]
    return [value - (1 << bits) if value >> (bits - 1) else value for value in values]
