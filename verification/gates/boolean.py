"""Boolean functions of a Liberty file, as ``function : "!((A1*A2)+B)"``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

Numbers = Any
"""A number, or an array of them."""

Operator = Literal["0", "1", "pin", "not", "and", "or", "xor"]

_TOKEN = re.compile(r"\s*([\w.]+(?:\[\d+\])?|[!'()*&+|^])")
_WEAKEST_FIRST: tuple[tuple[Operator, str], ...] = (("or", "+|"), ("xor", "^"), ("and", "*&"))
_OPENING = re.compile(r"[\w(!]")


@dataclass(frozen=True)
class Expression:
    """A function of pins: an operator, its operands, and for "pin" the pin's name."""

    operator: Operator
    operands: tuple[Expression, ...] = ()
    pin: str = ""

    @cached_property
    def pins(self) -> tuple[str, ...]:
        """Names of the pins that it depends on, sorted."""
        below = {pin for operand in self.operands for pin in operand.pins}
        return tuple(sorted(below | ({self.pin} if self.operator == "pin" else set())))

    def value(self, pins: Mapping[str, int], ones: int = 1) -> int:
        """Its value, bit by bit: ``pins`` are words, and ``ones`` is a word of ones."""
        if self.operator == "pin":
            return pins[self.pin]
        if self.operator in ("0", "1"):
            return ones if self.operator == "1" else 0
        first, *rest = (operand.value(pins, ones) for operand in self.operands)
        if self.operator == "not":
            return first ^ ones
        for word in rest:
            first = _COMBINE[self.operator](first, word)
        return first

    def truth_table(self, pins: tuple[str, ...]) -> int:
        """Bit i is the value where bit k of i is the value of ``pins[k]``.

        Raises KeyError for a pin that is not among ``pins``.
        """
        size = 1 << len(pins)
        ones = (1 << size) - 1
        columns = {
            pin: sum(1 << row for row in range(size) if row >> position & 1)
            for position, pin in enumerate(pins)
        }
        return self.value(columns, ones)

    def probability(self, ones: Mapping[str, Numbers]) -> Numbers:
        """That it is true, where each pin is true with a probability of its own, independently."""
        table = self.truth_table(self.pins)
        total: Numbers = 0.0
        for row in range(1 << len(self.pins)):
            if table >> row & 1:
                share: Numbers = 1.0
                for position, pin in enumerate(self.pins):
                    share *= ones[pin] if row >> position & 1 else 1 - ones[pin]
                total += share
        return total


_COMBINE: Mapping[str, Callable[[int, int], int]] = {
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
}


@cache
def parse_function(text: str) -> Expression:
    """The function that ``text`` says: ``!`` or ``'`` (behind) negate; ``*``, ``&`` or nothing
    between operands, ``^``, and ``+`` or ``|`` combine, from strongest to weakest.

    Raises ValueError for anything else.
    """
    tokens: list[str] = []
    position = 0
    while position < len(text.rstrip()):
        found = _TOKEN.match(text, position)
        if found is None:
            raise ValueError(f"{text!r} is no boolean function")
        tokens.append(found[1])
        position = found.end()
    expression = _combined(tokens, 0, text)
    if tokens:
        raise ValueError(f"{text!r} is no boolean function")
    return expression


def _combined(tokens: list[str], level: int, text: str) -> Expression:
    if level == len(_WEAKEST_FIRST):
        return _operand(tokens, text)
    operator, signs = _WEAKEST_FIRST[level]
    operands = [_combined(tokens, level + 1, text)]
    while tokens:
        if tokens[0] in signs:
            tokens.pop(0)
        elif operator != "and" or not _OPENING.match(tokens[0]):
            break
        operands.append(_combined(tokens, level + 1, text))
    return operands[0] if len(operands) == 1 else Expression(operator, tuple(operands))


def _operand(tokens: list[str], text: str) -> Expression:
    if not tokens:
        raise ValueError(f"{text!r} is no boolean function: it ends early")
    token = tokens.pop(0)
    if token == "!":
        return Expression("not", (_operand(tokens, text),))
    if token == "(":
        operand = _combined(tokens, 0, text)
        if not tokens or tokens.pop(0) != ")":
            raise ValueError(f"{text!r} is no boolean function: a parenthesis is not closed")
    elif token == "0" or token == "1":
        operand = Expression(token)
    elif re.match(r"\w", token):
        operand = Expression("pin", pin=token)
    else:
        raise ValueError(f"{text!r} is no boolean function: {token!r} has no operand")
    while tokens and tokens[0] == "'":
        tokens.pop(0)
        operand = Expression("not", (operand,))
    return operand
