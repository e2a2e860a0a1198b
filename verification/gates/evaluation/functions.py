"""A cell's function as operations of two operands, with inverters folded into them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from tilewright.verification.gates.boolean import Expression


class Kind(IntEnum):
    """Kinds of operations, and bits that invert operands and result."""

    AND = 0
    XOR = 1
    LATER = 2
    HOLD = 3
    KINDS = 7
    NOT_A = 8
    NOT_B = 16
    NOT_OUT = 32


@dataclass(frozen=True)
class Step:
    """``kind`` of two operands: pins by name, earlier steps of the same cell by number."""

    kind: int
    a: str | int
    b: str | int


def steps_of(function: Expression) -> tuple[Step, ...]:
    """Steps whose last one is the function's value."""
    steps: list[Step] = []
    operand, inverted = _reduce(function, steps)
    if steps and operand == len(steps) - 1:
        last = steps.pop()
        steps.append(Step(last.kind ^ (Kind.NOT_OUT if inverted else 0), last.a, last.b))
    else:
        steps.append(Step(_and(False, False, inverted), operand, operand))
    return tuple(steps)


CONSTANT = "0"
"""Name of an operand that is zero; no pin is called so."""


def _and(not_a: bool, not_b: bool, not_out: bool) -> int:
    return Kind.AND + Kind.NOT_A * not_a + Kind.NOT_B * not_b + Kind.NOT_OUT * not_out


def _reduce(function: Expression, steps: list[Step]) -> tuple[str | int, bool]:
    """An operand, and whether the function is its opposite."""
    if function.operator == "pin":
        return function.pin, False
    if function.operator in ("0", "1"):
        return CONSTANT, function.operator == "1"
    operands = [_reduce(operand, steps) for operand in function.operands]
    first, inverted = operands[0]
    if function.operator == "not":
        return first, not inverted
    for second, other in operands[1:]:
        if function.operator == "xor":
            steps.append(Step(Kind.XOR, first, second))
            inverted ^= other
        else:
            # a + b is !(!a & !b).
            is_or = function.operator == "or"
            steps.append(Step(_and(inverted ^ is_or, other ^ is_or, is_or), first, second))
            inverted = False
        first = len(steps) - 1
    return first, inverted


def operations(
    steps: tuple[Step, ...], pins: Mapping[str, int], out: int, helpers: int
) -> Iterator[tuple[int, int, int, int]]:
    """Kind, slot of the result, and slots of the operands.

    ``pins``: slots of the pins, CONSTANT's among them; results but the last go to slots from
    ``helpers`` on.
    """

    def slot(operand: str | int) -> int:
        return helpers + operand if isinstance(operand, int) else pins[operand]

    for number, step in enumerate(steps):
        target = out if number == len(steps) - 1 else helpers + number
        yield step.kind, target, slot(step.a), slot(step.b)
