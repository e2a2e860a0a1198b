"""Seeded random LSTM commands, and what they mean in plain Python integers."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction

from tilewright.hw.spec.commands import LSTM_GATES, Command, Opcode

SUM_UNIT, FUNCTION_UNIT = Fraction(1, 1 << 12), Fraction(1, 1 << 15)
"""What sums of gates and their functions count in."""


def lstm_command(rng: random.Random, *, units: int, places: Sequence[int]) -> Command:
    """An LSTM of so many units, at six places: sums of the inputs and of the hidden state, state,
    next state, hidden state, output."""
    low = rng.choice([-32768, -32768, -rng.randint(1, 32767)])
    names = ("input", "recurrent", "cell", "next_cell", "hidden", "output")
    values = {f"{name}_address": place for name, place in zip(names, places, strict=True)}
    values |= {
        "units": units,
        "cell_shift": rng.randint(0, 7),
        "cell_low": low,
        "cell_high": 32767 if low == -32768 else -low,
        "output_zero_point": rng.randint(-128, 127),
        "clamp_low": rng.choice([-128, rng.randint(-128, 0)]),
        "clamp_high": rng.choice([127, rng.randint(0, 127)]),
        "output_multiplier": rng.randint(1 << 30, (1 << 31) - 1),
        "output_shift": rng.randint(-24, -20),
    }
    return Command(Opcode.LSTM, values)


def random_lstm(rng: random.Random, *, read: range, write: range) -> Command:
    """Reads within ``read``, writes within ``write``; sometimes the state stays in place."""
    units = rng.randint(1, 40)
    inputs, recurrent, cell = (rng.randint(read.start, read.stop - 8 * units) for _ in range(3))
    start, places = rng.randint(write.start, write.stop - 4 * units - 12), []
    for size in rng.sample([2, 1, 1], 3):
        places.append((size, start))
        start += size * units + rng.randint(0, 3)
    ones = [place for size, place in places if size == 1]
    state = next(place for size, place in places if size == 2)
    if rng.random() < 0.5:
        cell = state
    return lstm_command(rng, units=units, places=[inputs, recurrent, cell, state, *ones])


def random_sums(rng: random.Random, count: int) -> bytes:
    """int16 values of all sizes, the ends among them."""
    values = [
        rng.choice([rng.randint(-32768, 32767), rng.randint(-3000, 3000), -32768, 32767, 0])
        for _ in range(count)
    ]
    return b"".join(value.to_bytes(2, "little", signed=True) for value in values)


def execute(c: Command, scratchpad: bytearray) -> None:
    """Each unit by itself, from what was there before."""
    before = bytes(scratchpad)

    def int16(address: int) -> int:
        return int.from_bytes(before[address : address + 2], "little", signed=True)

    for unit in range(c["units"]):
        sums = [
            _within(int16(c["input_address"] + place) + int16(c["recurrent_address"] + place))
            for place in range(8 * unit, 8 * unit + 8, 2)
        ]
        state, hidden = cell(c, sums, int16(c["cell_address"] + 2 * unit))
        place = c["next_cell_address"] + 2 * unit
        scratchpad[place : place + 2] = state.to_bytes(2, "little", signed=True)
        for name in ("hidden_address", "output_address"):
            scratchpad[c[name] + unit] = hidden & 255


def cell(c: Command, sums: Sequence[int], state: int) -> tuple[int, int]:
    """The next state and hidden state of a cell."""
    unit = Fraction(1 << c["cell_shift"], 1 << 15)
    gates = {
        name: (tanh if name == "cell" else logistic)(total * SUM_UNIT)
        for name, total in zip(LSTM_GATES, sums, strict=True)
    }
    kept = _rescaled(gates["forget"] * state, FUNCTION_UNIT)
    entering = _rescaled(gates["input"] * gates["cell"], FUNCTION_UNIT**2 / unit)
    state = min(max(kept + entering, c["cell_low"]), c["cell_high"])
    product = tanh(state * unit) * gates["output"]
    high = (product * c["output_multiplier"] + (1 << 30)) >> 31
    shift = 1 << -c["output_shift"]
    hidden = _half_away(Fraction(high, shift)) + c["output_zero_point"]
    return state, min(max(hidden, c["clamp_low"]), c["clamp_high"])


def logistic(x: Fraction) -> int:
    """In 2**-15: half of the line's 2**-16, rounded half up; symmetrical around a half."""
    size = math.floor(_line(abs(x)) * 32768 + Fraction(1, 2))
    return size if x >= 0 else 32768 - size


def tanh(x: Fraction) -> int:
    """In 2**-15: twice the logistic function of twice the operand, less one."""
    twice = _line(abs(2 * _units(x)))
    size = math.floor((2 * twice - 1) * 32768 + Fraction(1, 2))
    return min(size, 32767) if x >= 0 else max(-min(size, 32767), -32768)


def _units(x: Fraction) -> Fraction:
    """An operand in thirds of 2**-12, rounded half up."""
    third = SUM_UNIT / 3
    return math.floor(x / third + Fraction(1, 2)) * third


def _line(x: Fraction) -> Fraction:
    """The logistic function of x >= 0 between its values at multiples of 1/24, each raised by half
    of what a line lacks in the middle, in 2**-16."""
    place = x * 24
    index = min(math.floor(place), 255)
    if index == 255:
        return Fraction(65535, 65536)
    low, high = (Fraction(_entry(i), 65536) for i in (index, index + 1))
    return low + (high - low) * (place - index)


def _entry(index: int) -> int:
    if index == 255:
        return 65535
    values = [65536 / (1 + math.exp(-(index + k / 2) / 24)) for k in range(3)]
    return round(values[0] + (values[1] - (values[0] + values[2]) / 2) / 2)


def _rescaled(product: int, factor: Fraction) -> int:
    """A product times a power of two below 1/2, rounded to a half of it and then to 1."""
    exponent = (1 / factor).numerator.bit_length() - 1
    return _within(_half_away(Fraction((product + 1) >> 1, 1 << (exponent - 1))))


def _half_away(value: Fraction) -> int:
    size = math.floor(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


def _within(value: int) -> int:
    return min(max(value, -32768), 32767)
