"""The protocol that a chip on a board speaks over its serial port: frames, requests, errors.

The host sends a request and waits for the reply before it sends the next one. Numbers are
little-endian. Bytes outside of frames are text for people. A request that comes again, the same in
every byte, is answered again and not executed again: a host that hears no answer repeats it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from enum import IntEnum

PROTOCOL_VERSION = 1

SYNC = b"\xa5\x5a"
REPLY = 0x80
"""Added to a request's kind."""

ERROR = 0xFF
"""Kind of a reply that says why not: code and three details, 32-bit words (`ERRORS`)."""

DATA_BYTES = 1024
"""Most bytes of memory in a frame."""

PAYLOAD_BYTES = 4 + DATA_BYTES
"""Most bytes of a payload: an address before the data."""

HEADER = struct.Struct("<BBH")
"""Kind, sequence, length: what follows the sync."""

FRAME: tuple[tuple[str, str, str], ...] = (
    ("2", "sync", f"{SYNC[0]:#04x}, {SYNC[1]:#04x}."),
    ("1", "kind", f"The request; of a reply {REPLY:#04x} more, or {ERROR:#04x} of an error."),
    ("1", "sequence", "Chosen by the host; a reply has its request's."),
    ("2", "length", f"Bytes of the payload, at most {PAYLOAD_BYTES}."),
    ("length", "payload", "As the request says."),
    ("4", "crc", "CRC-32 (zlib's) of kind, sequence, length and payload."),
)
"""Bytes, name and meaning of a frame's parts."""

FRAME_BYTES = len(SYNC) + HEADER.size + 4
"""Bytes of a frame beside its payload."""


class Request(IntEnum):
    """What the host asks for. Payloads are 32-bit words unless said otherwise."""

    HELLO = 1
    WRITE = 2
    READ = 3
    CHECK = 4
    TEST = 5
    RUN = 6
    START = 7
    RESET = 8


REQUESTS: Mapping[Request, tuple[str, str, str]] = {
    Request.HELLO: ("", "see below", "Who is there?"),
    Request.WRITE: ("address; then bytes", "", "Write main memory."),
    Request.READ: ("address, bytes", "the bytes", "Read main memory."),
    Request.CHECK: ("address, bytes", "CRC-32", "What is in main memory? (Not at the boot stage.)"),
    Request.TEST: (
        "address, bytes (multiples of 4)",
        "",
        "Test main memory, which is overwritten (not at the boot stage).",
    ),
    Request.RUN: ("", "", "Run the Program at the base of programs; answered when it has ended."),
    Request.START: ("address", "", "Leave for code at an address (boot stage only)."),
    Request.RESET: ("", "", "Reset the chip, once it has answered."),
}
"""Payload of the request, payload of the reply, meaning."""

STAGES: Mapping[str, int] = {"firmware": 0, "boot": 1}
"""Who answers: the whole firmware, or what stands in for it until it is loaded."""

SELF_TEST: Mapping[str, int] = {"memory": 1, "npu": 2, "timer": 4}
"""Bits of what failed when the firmware started."""

HELLO_WORDS: tuple[tuple[str, str], ...] = (
    ("protocol", "PROTOCOL_VERSION."),
    ("stage", "Who answers: STAGES."),
    ("data_bytes", f"Most bytes of memory in a frame: {DATA_BYTES}."),
    ("writable", "First address that WRITE and TEST take."),
    ("writable_end", "The address behind the last one."),
    ("self_test", "What failed when the firmware started: bits of SELF_TEST."),
)
"""First words of HELLO's reply: name, meaning."""

ERRORS: Mapping[str, tuple[int, tuple[str, str, str], str]] = {
    "crc": (1, ("received", "", ""), "The frame was damaged."),
    "length": (2, ("length", "limit", ""), "A payload of this length is not taken."),
    "incomplete": (3, ("bytes", "of", ""), "The frame's bytes stopped coming."),
    "request": (4, ("kind", "", ""), "There is no such request, or not at this stage."),
    "range": (5, ("address", "bytes", ""), "The addresses are not for the host."),
    "memory": (6, ("address", "found", "written"), "Main memory does not hold what is written."),
    "program": (7, ("word", "found", "wanted"), "The Program's header does not fit."),
    "hardware": (8, ("", "found", "wanted"), "The accelerator is not ours."),
    "step": (9, ("step", "layer", "kind"), "There is no such kind of step."),
    "npu": (10, ("step", "error", "commands"), "The accelerator gave up a command stream."),
    "damaged": (12, ("bytes", "found", "wanted"), "The Program is damaged: its CRC is another."),
    "old": (13, ("release", "least", ""), "A later release of a Program has run since power-up."),
    "lock": (
        14,
        ("found", "wanted", ""),
        "The lock is set for a longer Program: a reset opens it.",
    ),
    "trap": (11, ("mcause", "mepc", "mtval"), "Firmware trapped; sent after the reset it ends in."),
}
"""Name to code, details and meaning."""


def encode_frame(kind: int, sequence: int, payload: bytes = b"") -> bytes:
    """The bytes of a frame."""
    body = HEADER.pack(kind, sequence, len(payload)) + payload
    return SYNC + body + struct.pack("<I", zlib.crc32(body))


def words(*values: int) -> bytes:
    """32-bit words."""
    return struct.pack(f"<{len(values)}I", *values)


def from_words(payload: bytes) -> Sequence[int]:
    """The words of a payload, whose length is a multiple of 4."""
    return struct.unpack(f"<{len(payload) // 4}I", payload)
