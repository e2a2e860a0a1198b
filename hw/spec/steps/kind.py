"""What a step of the CPU is: its parameters, its meaning in NumPy and a bound of its work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm

Values = Mapping[str, int]
"""The parameters of a step by name; addresses are unsigned, all others signed 32-bit numbers."""


class MainMemory(Protocol):
    """The byte memory that a step reads and writes, with absolute addresses."""

    def read(self, address: int, size: int) -> nm.Int8Array:
        """Return a view of ``size`` bytes, int8."""
        ...

    def write(self, address: int, values: NDArray[Any]) -> None:
        """Store integers of any width, little-endian, one behind the other."""
        ...

    def int16(self, address: int, count: int) -> NDArray[Any]:
        """Return ``count`` signed 16-bit words."""
        ...

    def int32(self, address: int, count: int) -> NDArray[Any]:
        """Return ``count`` signed 32-bit words."""
        ...

    def int64(self, address: int, count: int) -> NDArray[Any]:
        """Return ``count`` signed 64-bit words."""
        ...


class Bound(NamedTuple):
    """Upper bounds of a step's work, for the watchdog.

    elements: elements written, or read where those are more. products: products, comparisons or
    other inner iterations in all.
    """

    elements: int
    products: int = 0


@dataclass(frozen=True)
class StepKind:
    """A kind of step.

    name: as in reports, in upper case; the C kernel has the same name in lower case.
    fields: the parameters in order, from word 2 of the step; a ``*`` behind a name marks an
    address in main memory.
    run: executes a step on main memory, bit for bit as the C kernel does.
    bound: the work of a step at most.
    """

    name: str
    fields: tuple[str, ...]
    run: Callable[[Values, MainMemory], None]
    bound: Callable[[Values], Bound]

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, in order."""
        return tuple(field.rstrip("*") for field in self.fields)

    @cached_property
    def addresses(self) -> frozenset[str]:
        """The parameters that are unsigned main memory addresses."""
        return frozenset(field[:-1] for field in self.fields if field.endswith("*"))
