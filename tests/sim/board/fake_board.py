"""A board of Python behind a pseudo-terminal: keeps to the protocol, or breaks it on purpose."""

import os
import select
import struct
import threading
import tty
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.memory_map import PROGRAM_BASE
from tilewright.firmware.build import build_firmware
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.monitor import (
    DATA_BYTES,
    ERROR,
    ERRORS,
    PROTOCOL_VERSION,
    REPLY,
    Request,
    encode_frame,
    from_words,
    words,
)
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.soc_config import FIRMWARE_BYTES
from tilewright.hw.spec.system import system_constants
from tilewright.sim.board.frames import Deframer, Frame

POLL_S = 0.01


@dataclass
class FakeBoard:
    """Answers requests on ``port`` while used as a context.

    ``say`` sees each reply's frame and gives the bytes that are sent instead.
    """

    config: Config = field(default_factory=load_config)
    say: Callable[[Frame, bytes], bytes] = lambda _, reply: reply
    version: int = PROTOCOL_VERSION
    failed: int = 0
    data_bytes: int = DATA_BYTES
    system: dict[str, int] = field(default_factory=dict)
    requests: list[Frame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.memory = bytearray(self.config.soc.memory_bytes)
        image = build_firmware(self.config)
        self.memory[: len(image)] = image

    def __enter__(self) -> "FakeBoard":
        self._master, slave = os.openpty()
        self._ends = [self._master, slave]
        tty.setraw(slave)
        self.port = os.ttyname(slave)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._close()

    def hang_up(self) -> None:
        """As a device that is pulled out."""
        self._stop.set()
        self._close()

    def _close(self) -> None:
        while self._ends:
            os.close(self._ends.pop())

    def count(self, kind: Request) -> int:
        return sum(request.kind == kind for request in self.requests)

    def _serve(self) -> None:
        frames = Deframer()
        while not self._stop.is_set():
            if not select.select([self._master], [], [], POLL_S)[0]:
                continue
            frames.add(os.read(self._master, 4096))
            while (request := frames.next()) is not None:
                self.requests.append(request)
                if answer := self.say(request, self._reply(request)):
                    os.write(self._master, answer)

    def _reply(self, request: Frame) -> bytes:
        try:
            payload = self._execute(request)
        except KeyError as error:
            code = ERRORS[str(error.args[0])][0]
            return encode_frame(ERROR, request.sequence, words(code, 0, 0, 0))
        return encode_frame(request.kind | REPLY, request.sequence, payload)

    def _execute(self, request: Frame) -> bytes:
        match request.kind:
            case Request.HELLO:
                return self._hello()
            case Request.WRITE:
                (address,) = struct.unpack_from("<I", request.payload)
                data = request.payload[4:]
                if address < PROGRAM_BASE or address - MEMORY_BASE + len(data) > len(self.memory):
                    raise KeyError("range")
                self.memory[address - MEMORY_BASE : address - MEMORY_BASE + len(data)] = data
                return b""
            case Request.READ | Request.CHECK:
                address, count = from_words(request.payload)
                part = bytes(self.memory[address - MEMORY_BASE : address - MEMORY_BASE + count])
                return part if request.kind == Request.READ else words(zlib.crc32(part))
            case _:
                return b""

    def _hello(self) -> bytes:
        told = {"BOOT": 0, "CLOCK_HZ": self.config.soc.clock_hz, **system_constants(self.config)}
        end = MEMORY_BASE + len(self.memory)
        first = MEMORY_BASE + FIRMWARE_BYTES
        return words(
            *(self.version, 0, self.data_bytes, first, end, self.failed),
            *(told | self.system).values(),
        )
