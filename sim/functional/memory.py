"""A byte memory with addresses that are checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hw.spec.errors import CheckError
from hw.spec.numerics import Int8Array


@dataclass(frozen=True)
class Memory:
    """``data`` are int8 bytes; the first has address ``base``. ``name`` is for messages."""

    data: Int8Array
    base: int
    name: str

    @property
    def end(self) -> int:
        """The address behind the last byte."""
        return self.base + len(self.data)

    def offset(self, address: int, size: int) -> int:
        """Index of an address. Raises CheckError where ``size`` bytes from there do not exist."""
        if address < self.base or address + size > self.end:
            raise CheckError(
                f"{size} bytes at {address:#x} lie outside {self.name} "
                f"({self.base:#x}..{self.end:#x})"
            )
        return address - self.base

    def read(self, address: int, size: int) -> Int8Array:
        """A view of some bytes."""
        start = self.offset(address, size)
        return self.data[start : start + size]

    def write(self, address: int, values: Int8Array) -> None:
        """Store bytes, int8 [size]."""
        start = self.offset(address, len(values))
        self.data[start : start + len(values)] = values

    def words(self, address: int, count: int) -> list[int]:
        """Unsigned 32-bit little-endian words."""
        return np.frombuffer(self.read(address, 4 * count).tobytes(), dtype="<u4").tolist()

    def int32(self, address: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        """Signed 32-bit little-endian words."""
        return np.frombuffer(self.read(address, 4 * count).tobytes(), dtype="<i4")
