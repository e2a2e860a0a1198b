"""Addresses for blocks of memory that live from one layer to another and may share bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]
"""First byte and the byte behind the last."""

ALIGNMENT = 64
"""Tables, streams and buffers start at multiples of this: a line of the CPU's caches and more."""


@dataclass(frozen=True)
class Block:
    """``bytes`` needed from layer ``first`` to layer ``last``, both included."""

    name: str
    bytes: int
    first: int
    last: int


def align(value: int, alignment: int) -> int:
    """The least multiple of ``alignment`` that is at least ``value``."""
    return -(-value // alignment) * alignment


def first_fit(used: Iterable[Span], size: int, alignment: int, capacity: int) -> int | None:
    """The lowest aligned address where ``size`` bytes meet no used span; None without room."""
    address = 0
    for start, end in sorted(used):
        if address + size <= start:
            break
        address = max(address, align(end, alignment))
    return address if address + size <= capacity else None


_ORDERS: Sequence[Callable[[Block], tuple[int, ...]]] = (
    lambda block: (-block.bytes, block.first),
    lambda block: (-block.bytes * (block.last - block.first + 1), block.first),
    lambda block: (block.first, -block.bytes),
    lambda block: (block.first - block.last, -block.bytes),
)
"""Orders in which `pack` tries to place blocks; no order is best for all networks."""


def pack(blocks: Sequence[Block], capacity: int, alignment: int) -> dict[str, int] | None:
    """An address for each block such that no two living at once overlap; None without room.

    Each order places blocks first fit; the one that needs the fewest bytes wins.
    """
    best: dict[str, int] | None = None
    for order in _ORDERS:
        packed = _pack_in_order(sorted(blocks, key=order), capacity, alignment)
        if packed is not None:
            top, best = packed
            capacity = top - 1  # the next one is to need less
    return best


def _pack_in_order(
    blocks: Sequence[Block], capacity: int, alignment: int
) -> tuple[int, dict[str, int]] | None:
    """The bytes needed and the addresses; None where more than the capacity is needed."""
    placed: list[tuple[int, int, Span]] = []
    addresses: dict[str, int] = {}
    top = 0
    for block in blocks:
        first, last = block.first, block.last
        used = [span for begin, end, span in placed if begin <= last and first <= end]
        address = first_fit(used, block.bytes, alignment, capacity)
        if address is None:
            return None
        end = address + block.bytes
        placed.append((first, last, (address, end)))
        addresses[block.name] = address
        top = max(top, end)
    return top, addresses
