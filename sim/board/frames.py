"""Finds frames in what a serial port says, and tells what else it said."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from tilewright.hw.spec.monitor import FRAME_BYTES, HEADER, PAYLOAD_BYTES, SYNC

SHOWN_BYTES = 24
_START = len(SYNC) + HEADER.size


class Frame(NamedTuple):
    """A whole frame, whose CRC is right."""

    kind: int
    sequence: int
    payload: bytes


class Deframer:
    """Takes bytes as they come, gives frames.

    What looks like a frame's begin and is none is passed by, so that after damage the next whole
    frame is found.

    Attributes
    ----------
    damaged: frames that came with a wrong CRC or an impossible length.
    skipped: bytes outside of frames.
    first: the first of them, for messages.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.damaged = 0
        self.skipped = 0
        self.first = b""

    def add(self, data: bytes) -> None:
        """Bytes that came."""
        self._buffer += data

    def next(self) -> Frame | None:
        """The next frame that is whole; None until more bytes come."""
        while True:
            at = self._buffer.find(SYNC)
            if at < 0:
                # The last byte may be the first one of a sync.
                self._skip(len(self._buffer) - self._buffer.endswith(SYNC[:1]))
                return None
            self._skip(at)
            if len(self._buffer) < _START:
                return None
            kind, sequence, length = HEADER.unpack_from(self._buffer, len(SYNC))
            end = FRAME_BYTES + length
            if length <= PAYLOAD_BYTES and len(self._buffer) < end:
                return None
            if length <= PAYLOAD_BYTES:
                body = bytes(self._buffer[len(SYNC) : end - 4])
                if struct.unpack_from("<I", self._buffer, end - 4)[0] == zlib.crc32(body):
                    del self._buffer[:end]
                    return Frame(kind, sequence, body[HEADER.size :])
            self.damaged += 1
            self._skip(1)

    @property
    def pending(self) -> tuple[int, int] | None:
        """Bytes that are there and bytes in all of a frame that has begun."""
        if len(self._buffer) < _START:
            return (len(self._buffer), FRAME_BYTES) if self._buffer else None
        length: int = HEADER.unpack_from(self._buffer, len(SYNC))[2]
        return len(self._buffer), FRAME_BYTES + length

    def drop_pending(self) -> None:
        """Pass by a frame that has begun."""
        self._buffer.clear()

    def forget(self) -> None:
        """Pass by all that has come."""
        self._buffer.clear()
        self.damaged = self.skipped = 0
        self.first = b""

    def _skip(self, count: int) -> None:
        self.first += bytes(self._buffer[: min(count, SHOWN_BYTES - len(self.first))])
        self.skipped += count
        del self._buffer[:count]
