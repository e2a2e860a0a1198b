"""The serial port: opened, or refused with what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import serial
import serial.tools.list_ports
from serial import Serial

from tilewright.hw.spec.errors import CheckError, RequestError

POLL_S = 0.05
"""How long a read waits."""

UNKNOWN = "n/a"
"""pyserial's description of a port that has none."""


def is_simulated(name: str) -> bool:
    """Whether the port is a pseudo-terminal: behind it are no bits, and time is not the clock's."""
    return os.path.realpath(name).startswith("/dev/pts/")


@contextmanager
def opened_port(name: str, baud: int, patience_s: float) -> Generator[Serial]:
    """The port, for this process alone. A write waits for at most ``patience_s``.

    Raises RequestError when it cannot be opened, CheckError when it vanishes.
    """
    try:
        port = Serial(name, baud, timeout=POLL_S, write_timeout=patience_s, exclusive=True)
    except (OSError, ValueError) as error:
        raise RequestError(f"--port {name}: {_reason(error, name, baud)}") from None
    try:
        yield port
    except serial.SerialTimeoutException:
        raise CheckError(
            f"--port {name}: the device takes no bytes; is another program using it?"
        ) from None
    except OSError as error:
        raise CheckError(f"--port {name}: lost during the run: {error}") from None
    finally:
        port.close()


def _reason(error: OSError | ValueError, name: str, baud: int) -> str:
    code = getattr(error, "errno", None)
    if code in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return f"there is no such port; {_existing()}"
    if code in (errno.EACCES, errno.EPERM):
        return (
            "permission denied; serial ports belong to a group of the system, mostly dialout: "
            "join it (sudo usermod -aG dialout $USER) and log in again"
        )
    if code in (errno.EBUSY, errno.EAGAIN) or "lock" in str(error):
        return "is in use by another program; end that one first"
    if code in (errno.ENOTTY, errno.EINVAL, errno.EISDIR) or "configure" in str(error):
        return f"is not a serial port; {_existing()}"
    if isinstance(error, ValueError):
        return f"takes no baud rate of {baud}"
    return f"cannot be opened: {error}; {_existing()}"


def _existing() -> str:
    found: list[Any] = sorted(serial.tools.list_ports.comports())
    if not found:
        return "this computer has no serial ports: is the board connected?"
    ports = (
        f"{port.device} ({port.description})" if port.description != UNKNOWN else port.device
        for port in found
    )
    return f"serial ports: {', '.join(ports)}"
