"""Bit fields in 32-bit words: the notation that commands, registers and records are written in.

One list of fields gives the Python encoder and decoder, the positions that the HDL slices, the
C header and the documentation, so that they cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Field:
    """``width`` bits at bit ``lsb`` of 32-bit word number ``word``; two's complement if signed."""

    name: str
    word: int
    lsb: int
    width: int
    doc: str
    signed: bool = False

    def __post_init__(self) -> None:
        if not (self.width > 0 and self.lsb + self.width <= 32):
            raise ValueError(f"field {self.name} does not fit a 32-bit word")

    @cached_property
    def mask(self) -> int:
        """All ones, as many as the field has bits."""
        return (1 << self.width) - 1

    @cached_property
    def minimum(self) -> int:
        """Smallest value that fits."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @cached_property
    def maximum(self) -> int:
        """Largest value that fits."""
        return (1 << (self.width - int(self.signed))) - 1

    @cached_property
    def position(self) -> tuple[str, int, int, int, int, int]:
        """What `encode` needs: name, word, lsb, mask, minimum, maximum."""
        return self.name, self.word, self.lsb, self.mask, self.minimum, self.maximum

    def extract(self, word: int) -> int:
        """The value of this field in ``word``."""
        raw = (word >> self.lsb) & self.mask
        return raw - (1 << self.width) if self.signed and raw >> (self.width - 1) else raw


def check_layout(fields: Sequence[Field], words: int, owner: str) -> None:
    """Raise ValueError where two fields of ``owner`` overlap or one lies outside ``words``."""
    used: dict[tuple[int, int], str] = {}
    for field in fields:
        if field.word >= words:
            raise ValueError(f"{owner}.{field.name} lies outside its {words} words")
        for bit in range(field.lsb, field.lsb + field.width):
            if (field.word, bit) in used:
                raise ValueError(f"{owner}: {field.name} overlaps {used[field.word, bit]}")
            used[field.word, bit] = field.name


def encode(fields: Sequence[Field], values: Mapping[str, int], words: int) -> list[int]:
    """32-bit words with every field inserted; a field that ``values`` lacks is a KeyError.

    Raises ValueError for a value that does not fit its field.
    """
    result = [0] * words
    for field in fields:
        name, word, lsb, mask, minimum, maximum = field.position
        value = values[name]
        if not minimum <= value <= maximum:
            raise ValueError(f"{name} = {value}: must be {minimum}..{maximum}")
        result[word] |= (value & mask) << lsb
    return result


def decode(fields: Sequence[Field], words: Sequence[int]) -> dict[str, int]:
    """Field values by name."""
    return {
        field.name: field.extract(words[field.word])
        if field.signed
        else words[field.word] >> field.lsb & field.mask
        for field in fields
    }
