"""A pseudo-terminal that a program takes for a serial port."""

from __future__ import annotations

import os
import threading
import tty
from collections.abc import Generator
from contextlib import contextmanager

READ_BYTES = 4096

QUIET_S = 2.5
"""Silence of a device that is computing, after which it sends an empty line. The runner passes by
empty lines, but gives a device up that says nothing for 5 s of the host's time.
"""


class Terminal:
    """A pseudo-terminal, seen from the device; `close` it in the end.

    Attributes
    ----------
    name: of the port that the other side opens.
    """

    def __init__(self) -> None:
        # The other side's end stays open here, so that it may come and go.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.name = os.ttyname(self._slave)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Hang up."""
        os.close(self._master)
        os.close(self._slave)

    def receive(self) -> str:
        """Wait for characters; bytes that are no ASCII come as question marks."""
        data = os.read(self._master, READ_BYTES)
        return "".join(chr(byte) if byte < 128 else "?" for byte in data)

    def say(self, line: str) -> None:
        """Send a line."""
        data = f"{line}\r\n".encode("ascii", "replace")
        with self._lock:
            while data:
                data = data[os.write(self._master, data) :]

    @contextmanager
    def kept_awake(self) -> Generator[None]:
        """Send an empty line every QUIET_S seconds while the block runs."""
        stop = threading.Event()

        def run() -> None:
            while not stop.wait(QUIET_S):
                self.say("")

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@contextmanager
def opened_terminal() -> Generator[Terminal]:
    """A terminal that is there while the block runs."""
    terminal = Terminal()
    try:
        yield terminal
    finally:
        terminal.close()
