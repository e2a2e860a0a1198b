"""Main memory as the CPU's steps see it, which notes what they read of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.numerics import Int8Array
from tilewright.hw.spec.program import Step
from tilewright.sim.functional.memory import Memory


@dataclass(frozen=True)
class Read:
    """Bytes that a step read, from ``offset`` behind the address that ``parameter`` holds.

    The offset is negative where they begin in front of it.
    """

    parameter: str
    offset: int
    data: Int8Array


@dataclass(frozen=True)
class Watched(Memory):
    """Notes what is read outside of ``image`` (address, bytes) and not written here before.

    What is noted is there before a step runs: inputs, and what the accelerator has stored.
    """

    image: tuple[int, int]
    own: NDArray[np.bool_] = field(init=False)
    found: list[tuple[int, Int8Array]] = field(default_factory=list[tuple[int, Int8Array]])

    def __post_init__(self) -> None:
        object.__setattr__(self, "own", np.zeros(len(self.data), dtype=np.bool_))

    def read(self, address: int, size: int) -> Int8Array:
        """A view of some bytes."""
        values = super().read(address, size)
        start = address - self.base
        inside = self.image[0] <= address < sum(self.image)
        if not inside and not self.own[start : start + size].all():
            self.found.append((address, values.copy()))
        return values

    def write(self, address: int, values: NDArray[Any]) -> None:
        """Store integers of any width, little-endian, one behind the other."""
        super().write(address, values)
        start = address - self.base
        self.own[start : start + values.nbytes] = True

    def others_write(self) -> None:
        """Someone else may write anywhere."""
        self.own[:] = False

    def taken(self, step: Step) -> Sequence[Read]:
        """What ``step`` has read, and forget it."""
        addresses = {name: step.values[name] for name in step.kind.addresses}
        reads: list[Read] = []
        for address, data in self.found:
            # What is read backwards begins in front of the address that the step holds.
            inside = [n for n, place in addresses.items() if 0 <= place - address < data.size]
            behind = [name for name, place in addresses.items() if place <= address]
            # What goes backwards may begin behind all bytes that it reads.
            near = inside or behind
            parameter = (
                max(near, key=addresses.__getitem__)
                if near
                else min(addresses, key=addresses.__getitem__)
            )
            reads.append(Read(parameter, address - addresses[parameter], data))
        self.found.clear()
        return tuple(reads)
