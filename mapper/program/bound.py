"""An upper bound of the cycles of a command stream or a CPU step, for the watchdog.

It is no estimate: every part is taken as if nothing overlapped and no cache hit, and all of it
several times.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from tilewright.hw.spec.commands import MOVE_LOOPS, Command, Opcode
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.program import Step
from tilewright.hw.spec.soc_config import SMALL_CPUS

SAFETY = 4
CPU_SAFETY = 2
SMALL_CPU = 16
"""Times a CPU that multiplies by a routine is slower."""
_COMMAND = 500
_STEP = 20_000
_CPU_PRODUCT = (64, 4)
_CPU_ELEMENT = (800, 40)
"""Cycles, and accesses to main memory, of a product and of an output element on the slowest CPU."""


def stream_bound(commands: Iterable[Command], config: Config) -> int:
    """Cycles within which a stream must have ended."""
    return SAFETY * (_STEP + sum(_command_cycles(command, config) for command in commands))


def _command_cycles(command: Command, config: Config) -> int:
    npu, latency = config.npu, config.access_cycles + 8
    cycles = _COMMAND + 32 * latency
    if command.opcode is Opcode.WEIGHTS:
        return cycles + command["bytes"] // npu.bus_bytes * (1 + latency)
    if npu.microcode:
        return cycles + _microcode_cycles(command, npu, 1 + latency)
    if command.opcode in (Opcode.LOAD, Opcode.STORE):
        beats = command["row_bytes"] // npu.bus_bytes + 2
        return cycles + command["rows"] * beats * (1 + latency)
    if command.opcode is Opcode.ELEMENTWISE:
        pixels = command["output_rows"] * command["output_cols"]
        return cycles + 8 * pixels * command["run_bytes"]
    if command.opcode is Opcode.SOFTMAX:
        return cycles + command["rows"] * (4 * command["row_bytes"] + 128)
    if command.opcode is Opcode.LSTM:
        return cycles + 16 * command["units"]
    if command.opcode is Opcode.MOVE:
        extents = (command[f"extent_{loop}"] for loop in range(MOVE_LOOPS))
        return cycles + prod(extents) * (command["run_bytes"] // npu.port_bytes + 1)
    if command.opcode in (Opcode.CONV, Opcode.DEPTHWISE):
        return cycles + _window_cycles(command, npu)
    return cycles


def _microcode_cycles(command: Command, npu: NpuConfig, access: int) -> int:
    """An access is some cycles, and so is what is done for it."""
    if command.opcode in (Opcode.LOAD, Opcode.STORE):
        return command["rows"] * (50 + command["row_bytes"] * (50 + 2 * access))
    if command.opcode not in (Opcode.CONV, Opcode.DEPTHWISE):
        return 0
    if command.opcode is Opcode.CONV:
        chunks = command["kernel_rows"] * (command["run_bytes"] // npu.rows + 1)
    else:
        chunks = command["kernel_rows"] * command["kernel_cols"]
    chunk = 50 + (4 + 2 * npu.cols) * access
    results = npu.rows * (100 + 9 * access + npu.cols * (100 + access))
    tiles = command["tiles"] * (100 + 50 * npu.cols)
    return tiles + command["blocks"] * command["tiles"] * (chunks * chunk + results)


def _window_cycles(command: Command, npu: NpuConfig) -> int:
    if command.opcode is Opcode.CONV:
        words = command["run_bytes"] // npu.port_bytes + 2
        reads = command["runs"] * words * npu.cols
        steps = command["runs"] * command["run_bytes"]
    else:
        steps = command["kernel_rows"] * command["kernel_cols"]
        reads = 2 * steps * (npu.cols + npu.depthwise_kernel)
    drain = 2 * npu.rows * npu.cols + 64
    return command["blocks"] * (64 + command["tiles"] * (2 * steps + 2 * reads + drain))


def step_bound(step: Step, config: Config) -> int:
    """Cycles within which a CPU step must have ended."""
    bound = step.kind.bound(step.values)
    product, element = (
        cycles + accesses * config.access_cycles
        for cycles, accesses in (_CPU_PRODUCT, _CPU_ELEMENT)
    )
    slower = SMALL_CPU if config.soc.cpu in SMALL_CPUS else 1
    return CPU_SAFETY * slower * (_STEP + bound.elements * element + bound.products * product)
