"""A byte memory with addresses that are checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.numerics import Int8Array


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

    def write(self, address: int, values: NDArray[Any]) -> None:
        """Store integers of any width, little-endian, one behind the other."""
        data = np.frombuffer(values.astype(values.dtype.newbyteorder("<")).tobytes(), np.int8)
        start = self.offset(address, len(data))
        self.data[start : start + len(data)] = data

    def words(self, address: int, count: int) -> list[int]:
        """Unsigned 32-bit little-endian words."""
        return np.frombuffer(self.read(address, 4 * count).tobytes(), dtype="<u4").tolist()

    def int16(self, address: int, count: int) -> NDArray[Any]:
        """Return signed 16-bit little-endian words."""
        return np.frombuffer(self.read(address, 2 * count).tobytes(), dtype="<i2")

    def int32(self, address: int, count: int) -> NDArray[Any]:
        """Return signed 32-bit little-endian words."""
        return np.frombuffer(self.read(address, 4 * count).tobytes(), dtype="<i4")

    def int64(self, address: int, count: int) -> NDArray[Any]:
        """Return signed 64-bit little-endian words."""
        return np.frombuffer(self.read(address, 8 * count).tobytes(), dtype="<i8")
