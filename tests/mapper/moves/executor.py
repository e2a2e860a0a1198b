"""Moves carried out byte by byte, as their description says."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from tilewright.mapper.moves.copy import Move

UNTOUCHED = 0x5A


def carry_out(planned: Sequence[Move], x: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """The output of x's type and this shape; fails where a byte is written twice or not at all."""
    source = np.ascontiguousarray(x).view(np.int8).reshape(-1)
    target = np.full(int(np.prod(shape)) * x.itemsize, UNTOUCHED, np.int8)
    written = np.zeros(target.size, np.int64)
    for move in planned:
        for turns in product(*(range(loop.extent) for loop in move.loops)):
            pairs = list(zip(turns, move.loops, strict=True))
            to = move.output + sum(turn * loop.output_pitch for turn, loop in pairs)
            assert 0 <= to <= to + move.run <= target.size
            written[to : to + move.run] += 1
            if move.value is not None:
                target[to : to + move.run] = move.value
                continue
            start = move.input + sum(turn * loop.input_pitch for turn, loop in pairs)
            assert 0 <= start <= start + move.run <= source.size
            target[to : to + move.run] = source[start : start + move.run]
    assert (written == 1).all()
    return target.view(x.dtype).reshape(shape)
