"""A command's fields as HDL values, sliced from its words where hw.spec.commands says they lie."""

from __future__ import annotations

from amaranth.hdl import Value
from amaranth.lib import data

from tilewright.hw.spec.commands import BODY, MAX_LENGTH, Opcode

COMMAND_LAYOUT = data.ArrayLayout(32, MAX_LENGTH)
"""A whole command, header first; words beyond its length mean nothing."""


class CommandView:
    """``view["row_step"]`` is that field of the command in ``words``, signed where it is signed."""

    def __init__(self, words: data.View[data.ArrayLayout], opcode: Opcode) -> None:
        self._words = words
        self._fields = {field.name: field for field in BODY[opcode]}

    def __getitem__(self, name: str) -> Value:
        field = self._fields[name]
        bits = Value.cast(self._words[field.word])[field.lsb : field.lsb + field.width]
        return bits.as_signed() if field.signed else bits


def opcode_of(words: data.View[data.ArrayLayout]) -> Value:
    """The opcode byte of the command in ``words``."""
    return Value.cast(words[0])[:8]
