"""The cocotb side of a run, loaded by the simulator: sleeps until something happens.

Reports over the pipe whose number is in TILEWRIGHT_EVENTS, one JSON object a line:
``{"uart": text}`` for a line of output, ``{"cycle": n}`` from time to time, and at the end
``{"end": {...}}`` with the state of the chip.
"""

import json
import os

import cocotb
from cocotb.triggers import First, RisingEdge, Timer, ValueChange

from tilewright.hw.spec.registers import NPU

REASONS = {1: "finished", 2: "watchdog", 3: "bus_error"}
FLUSH_BYTES = 256
DEBUG_PATIENCE_NS = 400
"""Time given to a register read after the end of a run: 200 cycles."""


class Reporter:
    """Writes events to the pipe."""

    def __init__(self) -> None:
        # The pipe is the parent's; it is closed when the simulator exits.
        self._pipe = os.fdopen(int(os.environ["TILEWRIGHT_EVENTS"]), "w", closefd=False)
        self._line = bytearray()

    def send(self, **event: object) -> None:
        """One event."""
        print(json.dumps(event), file=self._pipe, flush=True)

    def uart(self, byte: int) -> None:
        """Collect bytes to lines."""
        self._line.append(byte)
        if byte == ord("\n") or len(self._line) >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send what is left of a line."""
        if self._line:
            self.send(uart=self._line.decode("latin-1"))
            self._line.clear()


async def _watch_uart(dut, reporter: Reporter) -> None:
    while True:
        await ValueChange(dut.uart_event)
        reporter.uart(int(dut.uart_byte.value))


async def _watch_heartbeat(dut, reporter: Reporter) -> None:
    while True:
        await ValueChange(dut.heartbeat)
        reporter.send(cycle=int(dut.cycle.value))


async def _read_register(dut, address: int) -> int | None:
    """Through the debug port; None where nothing answers."""
    dut.debug_adr.value = address // 4
    dut.debug_stb.value = 1
    # A chip whose bus hangs does not answer.
    await First(RisingEdge(dut.debug_done), Timer(DEBUG_PATIENCE_NS, "ns"))
    answered = int(dut.debug_done.value) and not int(dut.debug_failed.value)
    value = int(dut.debug_data.value) if answered else None
    dut.debug_stb.value = 0
    await Timer(DEBUG_PATIENCE_NS, "ns")
    return value


@cocotb.test()
async def run(dut) -> None:
    """Wait for the end of the run, whatever it is, and report it."""
    reporter = Reporter()
    cocotb.start_soon(_watch_uart(dut, reporter))
    cocotb.start_soon(_watch_heartbeat(dut, reporter))
    await RisingEdge(dut.stopped)
    names = ("status", "cycle", "cpu_pc", "trap_cause", "trap_pc", "trap_value")
    end: dict[str, object] = {name: int(getattr(dut, name).value) for name in names}
    end["reason"] = REASONS[int(dut.reason.value)]
    reporter.flush()
    reporter.send(end=end)
    if end["reason"] != "finished" or end["status"]:
        for name in ("STATUS", "DEBUG", "COMPLETED"):
            address = NPU.base + NPU.register(name).offset
            reporter.send(npu={name: await _read_register(dut, address)})
