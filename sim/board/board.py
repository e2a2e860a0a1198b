"""A board as its monitor shows it: who it is, its memory, running the Program."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.hw.spec.monitor import (
    DATA_BYTES,
    ERRORS,
    HELLO_WORDS,
    PROTOCOL_VERSION,
    SELF_TEST,
    STAGES,
    Request,
    from_words,
    words,
)
from tilewright.hw.spec.system import SYSTEM_WORDS, told_config
from tilewright.sim.board.link import Link, RefusalError

OnBytes = Callable[[int], None]
"""Called with the number of bytes that are done."""

LEAST_DATA_BYTES = 16
"""Of a frame: with fewer, loading a Program would seem to hang."""

TEST_BYTES = 16 * 1024
"""Most memory that is tested at a time."""

CHECK_BYTES = 64 * 1024
"""Most memory that is checked at a time."""

_CRC_BYTES = 4

CYCLES_PER_BYTE = 200
"""Upper bound of what the board's firmware takes to test or check a byte of its memory."""


class Greeting(NamedTuple):
    """HELLO's reply."""

    boot: bool
    data_bytes: int
    writable: tuple[int, int]
    failed: tuple[str, ...]
    config: Config


class Board:
    """A board whose monitor answers.

    Parameters
    ----------
    link: to the monitor.
    simulated_hz: cycles a second of a simulated board; None: as many as its clock says.

    Raises RequestError when nobody answers who can be understood.
    """

    def __init__(self, link: Link, simulated_hz: float | None = None) -> None:
        self._link = link
        self._simulated_hz = simulated_hz
        self.greet()

    def greet(self) -> None:
        """Ask again who is there."""
        self.greeting = _greeting(self._link.greet())
        self.config = self.greeting.config
        self._hz = self._simulated_hz or self.config.soc.clock_hz

    def write(self, address: int, data: bytes, on_bytes: OnBytes = lambda _: None) -> None:
        """Put bytes into main memory."""
        step = self.greeting.data_bytes
        for at in range(0, len(data), step):
            part = data[at : at + step]
            self._link.ask(Request.WRITE, words(address + at) + part)
            on_bytes(at + len(part))

    def read(self, address: int, count: int) -> bytes:
        """Bytes of main memory."""
        found = bytearray()
        while len(found) < count:
            size = min(count - len(found), self.greeting.data_bytes)
            part = self._link.ask(Request.READ, words(address + len(found), size))
            if len(part) != size:
                raise CheckError(f"the board sent {len(part)} bytes of memory instead of {size}")
            found += part
        return bytes(found)

    def holds(self, address: int, data: bytes) -> bool:
        """Whether main memory holds these bytes, by their CRC."""
        step = self._within_patience(CHECK_BYTES)
        for at in range(0, len(data), step):
            part = data[at : at + step]
            told = self._link.ask(Request.CHECK, words(address + at, len(part)))
            if len(told) != _CRC_BYTES:
                raise CheckError(
                    f"the board checks its memory with {len(told)} bytes instead of {_CRC_BYTES}"
                )
            if from_words(told) != (zlib.crc32(part),):
                return False
        return True

    def test(self, address: int, count: int, on_bytes: OnBytes = lambda _: None) -> None:
        """Test main memory, which is overwritten; address and count are multiples of 4."""
        step = self._within_patience(TEST_BYTES)
        for at in range(0, count, step):
            size = min(step, count - at)
            self._link.ask(Request.TEST, words(address + at, size))
            on_bytes(at + size)

    def run(self, cycle_bound: int) -> None:
        """Run the Program in memory, which ends within ``cycle_bound`` cycles.

        Where the chip's lock is set for a longer Program that ran before, the chip is reset first.
        """
        allowance_s = cycle_bound / self._hz
        try:
            self._link.ask(Request.RUN, allowance_s=allowance_s)
        except RefusalError as refusal:
            if refusal.code != ERRORS["lock"][0]:
                raise
            self.reset()
            self._link.ask(Request.RUN, allowance_s=allowance_s)

    def start(self, address: int) -> None:
        """Leave the boot stage for firmware at ``address``."""
        self._link.ask(Request.START, words(address))
        self.greet()

    def reset(self) -> None:
        """Reset the chip; memory keeps its contents."""
        self._link.ask(Request.RESET)
        self.greet()

    def _within_patience(self, most: int) -> int:
        """At most so many bytes that the board goes through in half the time for which silence is
        borne, a multiple of 4: a slow board is asked for less, and not waited for longer.
        """
        bytes_in_time = int(self._link.patience_s / 2 * self._hz / CYCLES_PER_BYTE)
        return max(4, min(most, bytes_in_time) & ~3)


def _greeting(payload: bytes) -> Greeting:
    size = 4 * (len(HELLO_WORDS) + SYSTEM_WORDS)
    version = int.from_bytes(payload[:4], "little")
    if version != PROTOCOL_VERSION:
        raise RequestError(
            f"the board speaks version {version} of the protocol, this Tilewright version "
            f"{PROTOCOL_VERSION}; build its bitstream again"
        )
    if len(payload) != size:
        raise RequestError(
            f"the board greets with {len(payload)} bytes instead of {size}: it was built by "
            "another version of Tilewright; build its bitstream again"
        )
    told = from_words(payload)
    names = [name for name, _ in HELLO_WORDS]
    hello = dict(zip(names, told, strict=False))
    if not LEAST_DATA_BYTES <= hello["data_bytes"] <= DATA_BYTES:
        raise RequestError(
            f"the board takes {hello['data_bytes']} bytes of memory in a frame; a Tilewright board "
            f"takes {LEAST_DATA_BYTES}..{DATA_BYTES}: build its bitstream again"
        )
    return Greeting(
        boot=hello["stage"] == STAGES["boot"],
        data_bytes=hello["data_bytes"],
        writable=(hello["writable"], hello["writable_end"]),
        failed=tuple(name for name, bit in SELF_TEST.items() if hello["self_test"] & bit),
        config=told_config(told[len(names) :]),
    )
