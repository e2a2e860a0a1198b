"""What the command LSTM computes with, from its fields and to them."""

from __future__ import annotations

from math import frexp

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic.lstm_cell import Factors
from tilewright.hw.spec.commands import LSTM_CELL_SHIFTS

FUNCTION_SCALE = 2.0**-15
"""What the functions of an LSTM's gates give."""

_FINEST = 15
"""Fraction bits of the finest state of a cell."""


def cell_factors(cell_shift: int, result: tuple[int, int]) -> Factors:
    """The factors of a state in 2**(cell_shift - 15); ``result``: that of the hidden state."""
    scale = 2.0 ** (cell_shift - _FINEST)
    left = cell_shift - 3
    return Factors(
        nm.quantize_multiplier(FUNCTION_SCALE),
        nm.quantize_multiplier(FUNCTION_SCALE * FUNCTION_SCALE / scale),
        result,
        (3 << max(left, 0), max(-left, 0)),
    )


def cell_shift(scale: float) -> int | None:
    """The ``cell_shift`` of a state of this scale; None where the command has none."""
    fraction, exponent = frexp(scale)
    shift = exponent - 1 + _FINEST
    return shift if fraction == 0.5 and 0 <= shift < LSTM_CELL_SHIFTS else None
