"""Every planner against NumPy, on random shapes, attributes and element sizes."""

import numpy as np
import pytest

from tests.mapper.moves.executor import carry_out
from tilewright.mapper.moves import operators as plan
from tilewright.mapper.moves.copy import Loop, Move, is_view

CASES = 20


@pytest.fixture(params=range(16))
def rng(request):
    return np.random.default_rng(request.param)


def tensor(rng, shape) -> np.ndarray:
    dtype = rng.choice([np.int8, np.int16, np.int32])
    return rng.integers(-128, 128, shape).astype(dtype)


def shape_of(rng, low: int, high: int, largest: int = 6) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(1, largest, int(rng.integers(low, high + 1))))


def check(planned, x, wanted) -> None:
    assert np.array_equal(carry_out(planned, x, wanted.shape), wanted)


def test_transpose(rng):
    for _ in range(CASES):
        x = tensor(rng, shape_of(rng, 1, 6))
        order = [int(n) for n in rng.permutation(x.ndim)]
        planned = plan.transpose(x.shape, order, x.itemsize)
        check(planned, x, x.transpose(order))
        assert len(planned) == 1 or x.ndim == 6


def test_a_transpose_of_axes_of_one_is_a_view():
    assert is_view(plan.transpose((1, 7, 1, 5), (1, 0, 3, 2), 1), 35)


def test_strided_slice(rng):
    for _ in range(CASES):
        x = tensor(rng, shape_of(rng, 1, 5, 9))
        begins, strides, sizes, keys = [], [], [], []
        for extent in x.shape:
            begin, stride = int(rng.integers(0, extent)), int(rng.choice([-3, -1, 1, 1, 2, 3]))
            places = range(begin, -1, stride) if stride < 0 else range(begin, extent, stride)
            size = int(rng.integers(1, len(places) + 1))
            begins.append(begin)
            strides.append(stride)
            sizes.append(size)
            keys.append(list(places)[:size])
        planned = plan.strided_slice(x.shape, begins, strides, sizes, x.itemsize)
        check(planned, x, x[np.ix_(*keys)])


def test_reverse(rng):
    for _ in range(CASES):
        x = tensor(rng, shape_of(rng, 1, 5))
        axes = [axis for axis in range(x.ndim) if rng.random() < 0.5]
        check(plan.reverse(x.shape, axes, x.itemsize), x, np.flip(x, axes))


def test_place(rng):
    """Both parts of a concatenation, one after the other."""
    for _ in range(CASES):
        x = tensor(rng, shape_of(rng, 1, 5))
        axis, more = int(rng.integers(x.ndim)), int(rng.integers(1, 4))
        shape = list(x.shape)
        shape[axis] = more
        other = tensor(rng, shape).astype(x.dtype)
        wanted = np.concatenate([x, other], axis)
        begins = [x.shape[axis] if n == axis else 0 for n in range(x.ndim)]
        first = plan.place(x.shape, wanted.shape, [0] * x.ndim, x.itemsize)
        second = plan.place(other.shape, wanted.shape, begins, x.itemsize)
        both = np.concatenate([x.reshape(-1), other.reshape(-1)])
        moved = [
            type(m)(input=m.input + x.nbytes, output=m.output, run=m.run, loops=m.loops)
            for m in second
        ]
        check([*first, *moved], both, wanted)


def test_gather(rng):
    for _ in range(CASES):
        x = tensor(rng, shape_of(rng, 1, 4, 9))
        axis = int(rng.integers(x.ndim))
        indices = rng.integers(0, x.shape[axis], int(rng.integers(1, 12))).tolist()
        planned = plan.gather(x.shape, axis, indices, x.itemsize)
        check(planned, x, x.take(indices, axis))


def test_evenly_spaced_indices_are_one_move():
    assert len(plan.gather((4, 12, 3), 1, [1, 3, 5, 7, 9], 1)) == 1
    assert len(plan.gather((4, 12, 3), 1, [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11], 1)) == 1


def test_tile(rng):
    for _ in range(CASES):
        x = tensor(rng, shape_of(rng, 1, 4, 5))
        multiples = [int(n) for n in rng.integers(1, 4, x.ndim)]
        planned = plan.tile(x.shape, multiples, x.itemsize)
        check(planned, x, np.tile(x, multiples))


def test_broadcast_to(rng):
    for _ in range(CASES):
        wanted = shape_of(rng, 1, 5)
        cut = int(rng.integers(0, len(wanted)))
        given = tuple(1 if rng.random() < 0.5 else n for n in wanted[cut:])
        x = tensor(rng, given)
        planned = plan.broadcast_to(given, wanted, x.itemsize)
        check(planned, x, np.broadcast_to(x, wanted))


def element_of(rng, x):
    """A value of the type, with bytes that are equal or not."""
    if rng.random() < 0.5:
        return np.full(x.itemsize, int(rng.integers(-128, 128)), np.int8).view(x.dtype)[0]
    return rng.integers(-128, 128, x.itemsize).astype(np.int8).view(x.dtype)[0]


def test_pad(rng):
    for _ in range(CASES):
        x = tensor(rng, shape_of(rng, 1, 4))
        pads = [tuple(int(n) for n in rng.integers(0, 4, 2)) for _ in x.shape]
        element = element_of(rng, x)
        planned = plan.pad(x.shape, pads, element.tobytes())
        check(planned, x, np.pad(x, pads, constant_values=element))


def test_the_end_of_a_row_and_the_start_of_the_next_are_filled_at_once():
    """Rows on top, between rows, below; and the copy."""
    planned = plan.pad((1, 8, 9, 4), [(0, 0), (1, 2), (1, 3), (0, 0)], b"\3")
    row = 4 * (9 + 1 + 3)
    assert planned == [
        Move(input=0, output=0, run=row + 4, value=3),
        Move(input=0, output=2 * row - 12, run=16, loops=(Loop(7, 0, row),), value=3),
        Move(input=0, output=9 * row - 12, run=12 + 2 * row, value=3),
        Move(input=0, output=row + 4, run=36, loops=(Loop(8, 36, row),)),
    ]


@pytest.mark.parametrize("mode", ["symmetric", "reflect", "edge"])
def test_mirror_pad(rng, mode):
    for _ in range(CASES):
        x = tensor(rng, tuple(int(n) for n in rng.integers(2, 6, int(rng.integers(1, 5)))))
        pads = [tuple(int(n) for n in rng.integers(0, extent, 2)) for extent in x.shape]
        if mode == "edge":
            planned = plan.edge_pad(x.shape, pads, x.itemsize)
        else:
            planned = plan.mirror_pad(x.shape, pads, x.itemsize, edge_twice=mode == "symmetric")
        check(planned, x, np.pad(x, pads, mode=mode))


@pytest.mark.parametrize("depth_first", [True, False])
def test_depth_to_space(rng, depth_first):
    for _ in range(CASES):
        n, rows, cols, rest, block = (int(n) for n in rng.integers(1, 5, 5))
        x = tensor(rng, (n, rows, cols, rest * block * block))
        wanted = np.empty((n, rows * block, cols * block, rest), x.dtype)
        for i in range(block):
            for j in range(block):
                channels = (
                    (i * block + j) * rest + np.arange(rest)
                    if depth_first
                    else np.arange(rest) * block * block + i * block + j
                )
                wanted[:, i::block, j::block] = x[..., channels]
        planned = plan.depth_to_space(x.shape, block, x.itemsize, depth_first=depth_first)
        check(planned, x, wanted)


def test_space_to_depth(rng):
    for _ in range(CASES):
        n, rows, cols, channels, block = (int(n) for n in rng.integers(1, 5, 5))
        x = tensor(rng, (n, rows * block, cols * block, channels))
        parts = [x[:, i::block, j::block] for i in range(block) for j in range(block)]
        planned = plan.space_to_depth(x.shape, block, x.itemsize)
        check(planned, x, np.concatenate(parts, 3))


def blocks(rng):
    """(batch, block, spatial extents after padding in blocks, what lies behind)."""
    axes = int(rng.integers(1, 3))
    block, sizes = ([int(n) for n in rng.integers(1, 4, axes)] for _ in range(2))
    return int(rng.integers(1, 3)), block, sizes, shape_of(rng, 0, 2, 4)


def in_batches(padded: np.ndarray, block) -> np.ndarray:
    parts = []
    for offset in np.ndindex(*block):
        keys = tuple(slice(o, None, step) for o, step in zip(offset, block, strict=True))
        parts.append(padded[(slice(None), *keys)])
    return np.concatenate(parts)


def test_space_to_batch_and_back(rng):
    for _ in range(CASES):
        batch, block, sizes, rest = blocks(rng)
        whole = [size * step for size, step in zip(sizes, block, strict=True)]
        pads = []
        for extent in whole:
            before = int(rng.integers(0, extent))
            pads.append((before, int(rng.integers(0, extent - before))))
        inside = [n - sum(around) for n, around in zip(whole, pads, strict=True)]
        x = tensor(rng, (batch, *inside, *rest))
        element = element_of(rng, x)
        around = [(0, 0), *pads, *((0, 0) for _ in rest)]
        padded = np.pad(x, around, constant_values=element)
        wanted = in_batches(padded, block)
        check(plan.space_to_batch_nd(x.shape, block, pads, element.tobytes()), x, wanted)
        check(plan.batch_to_space_nd(wanted.shape, block, pads, x.itemsize), wanted, x)


def test_resize_nearest(rng):
    for _ in range(CASES):
        x = tensor(rng, shape_of(rng, 4, 4))
        rows, cols = (
            sorted(rng.integers(0, n, int(rng.integers(1, 9))).tolist()) for n in x.shape[1:3]
        )
        planned = plan.resize_nearest(x.shape, rows, cols, x.itemsize)
        check(planned, x, x[:, rows][:, :, cols])


def test_a_resize_by_whole_factors_is_one_move():
    rows, cols = np.repeat(np.arange(6), 2), np.repeat(np.arange(5), 3)
    assert len(plan.resize_nearest((1, 6, 5, 8), rows.tolist(), cols.tolist(), 1)) == 1
