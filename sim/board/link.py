"""Requests and their replies over a serial port, repeated until one gets through."""

from __future__ import annotations

import time
from dataclasses import dataclass

from serial import Serial

from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.hw.spec.monitor import (
    ERROR,
    ERRORS,
    FRAME_BYTES,
    PAYLOAD_BYTES,
    REPLY,
    Request,
    encode_frame,
    from_words,
)
from tilewright.sim.board.frames import Deframer, Frame
from tilewright.sim.rtl.failure import TRAP_CAUSES


class RefusalError(CheckError):
    """The board does not do what it was asked for: ``code`` of `hw.spec.monitor.ERRORS`."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


ATTEMPTS = 3
GREETING_S = 0.5
"""Between greetings: who is starting up has not heard the first one."""

BITS_OF_A_BYTE = 10
DAMAGE = frozenset(ERRORS[name][0] for name in ("crc", "length", "incomplete"))
"""Errors after which a request is worth repeating."""


@dataclass(frozen=True)
class Timing:
    """Rate of the port, and how long silence may last."""

    baud: int
    patience_s: float


class Link:
    """One host's conversation with a board's monitor.

    Parameters
    ----------
    port: opened; reads wait for a fraction of a second at most.
    timing: with the port's rate.
    """

    def __init__(self, port: Serial, timing: Timing) -> None:
        self._port = port
        self._timing = timing
        self._frames = Deframer()
        self._sequence = 0

    @property
    def patience_s(self) -> float:
        """Seconds of silence after which the board counts as dead."""
        return self._timing.patience_s

    def greet(self) -> bytes:
        """The reply to HELLO. Raises RequestError when no Tilewright board answers."""
        frame = encode_frame(Request.HELLO, self._sequence)
        self._port.reset_input_buffer()
        end = time.monotonic() + self._timing.patience_s
        while time.monotonic() < end:
            self._port.write(frame)
            reply = self._reply(Request.HELLO, min(GREETING_S, self._timing.patience_s / ATTEMPTS))
            if reply is not None and reply.kind == Request.HELLO | REPLY:
                self._frames.forget()
                return reply.payload
        raise RequestError(f"--port {self._port.name}: {self._silence(first=True)}")

    def ask(self, request: Request, payload: bytes = b"", allowance_s: float = 0.0) -> bytes:
        """The payload of the reply. The board may take ``allowance_s`` beside the bytes' time.

        Raises RefusalError when the board refuses, another CheckError when it cannot be understood.
        """
        self._sequence = self._sequence % 255 + 1
        frame = encode_frame(request, self._sequence, payload)
        on_the_line_s = len(frame) * BITS_OF_A_BYTE / self._timing.baud
        for _ in range(ATTEMPTS):
            self._port.write(frame)
            reply = self._reply(request, self._timing.patience_s + on_the_line_s + allowance_s)
            if reply is not None and reply.kind != ERROR:
                return reply.payload
            if reply is not None and (code := from_words(reply.payload)[0]) not in DAMAGE:
                message = f"{self._port.name}: {described(reply.payload)} (error {code})"
                raise RefusalError(message, code)
        asked = f"{request.name}, {ATTEMPTS} times"
        raise CheckError(f"{self._port.name}: asked for {asked}: {self._silence(first=False)}")

    def _reply(self, request: Request, wait_s: float) -> Frame | None:
        """The reply to the last request, or None when it comes damaged or not in time."""
        # What an attempt before left unfinished will not go on.
        self._frames.drop_pending()
        end, damaged = time.monotonic() + wait_s, self._frames.damaged
        while time.monotonic() < end:
            self._frames.add(self._port.read(max(1, self._port.in_waiting)))
            while (frame := self._frames.next()) is not None:
                if frame.kind == ERROR and len(frame.payload) != 4 * 4:
                    continue
                if frame.kind == ERROR and from_words(frame.payload)[0] == ERRORS["trap"][0]:
                    raise CheckError(f"{self._port.name}: {described(frame.payload)}")
                if frame.sequence == self._sequence and frame.kind in (request | REPLY, ERROR):
                    return frame
            if self._frames.damaged > damaged:
                return None
        return None

    def _silence(self, first: bool) -> str:
        """Why there was no reply, from what was heard instead."""
        frames, baud = self._frames, self._timing.baud
        # More than the frames that seemed to begin can hold.
        babble = frames.skipped > (frames.damaged + 1) * (FRAME_BYTES + PAYLOAD_BYTES)
        if frames.damaged and not babble:
            return (
                f"{frames.damaged} frames came damaged (wrong CRC); shorten the cable, or lower "
                "the bitstream's baud rate"
            )
        if (pending := frames.pending) is not None and not babble:
            got, wanted = pending
            return f"the device stopped in the middle of a frame, after {got} of {wanted} bytes"
        if frames.skipped:
            return (
                f"the device answers, but not as a Tilewright board: {frames.skipped} bytes "
                f"without frame, first {frames.first!r}; check the port and --baud {baud}"
            )
        if first:
            return (
                f"the device does not answer within {self._timing.patience_s:g} s; is the "
                f"bitstream loaded, and its rate --baud {baud}?"
            )
        return (
            f"the device no longer answers, within {self._timing.patience_s:g} s each time; reset "
            "the board"
        )


def described(payload: bytes) -> str:
    """The sentence of an error frame."""
    code, *details = from_words(payload)
    for name, (number, labels, meaning) in ERRORS.items():
        if number == code:
            told = [
                f"{label} {value:#x}" for label, value in zip(labels, details, strict=True) if label
            ]
            cause = f" ({TRAP_CAUSES.get(details[0], 'unknown cause')})" if name == "trap" else ""
            return f"the board says: {meaning}{cause} {', '.join(told)}"
    return f"the board answers with the unknown error {code}"
