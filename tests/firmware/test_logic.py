"""Comparisons, choices, casts and int32 arithmetic: C against NumPy, and against what they mean."""

import numpy as np
import pytest

from tests.firmware.cases import random_factors, random_int8
from tests.firmware.test_binary import shapes
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.steps import (
    ADD_N,
    ARITHMETIC_INT32,
    CAST,
    COMPARISON,
    GATHER_ND,
    SELECT,
    UPDATE_SLICE,
)
from tilewright.hw.spec.steps.broadcast import broadcast
from tilewright.sim.functional.memory import Memory

TYPES = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}
PLAIN = {
    f"{side}_{name}": 0 for side in ("a", "b") for name in ("zero_point", "multiplier", "shift")
}
RELATIONS = {
    (1, 0): np.equal,
    (1, 1): np.not_equal,
    (0, 0): np.greater,
    (0, 1): np.less_equal,
}


@pytest.fixture(params=range(60))
def rng(request):
    return np.random.default_rng(request.param)


def integers(rng, shape, size):
    """Any integers, or few different ones, so that some are equal."""
    ends = np.iinfo(TYPES[size])
    low, high = (ends.min, ends.max) if rng.random() < 0.5 else (-2, 2)
    return rng.integers(low, high, shape, TYPES[size], endpoint=True)


def spread(kernels, a, b):
    """Parameters that place two operands of one type at multiples of 4 bytes, or of their size."""
    values = broadcast(a.shape, b.shape, a.itemsize, b.itemsize)
    return values.values | {
        "a": kernels.place(a, misalign=a.itemsize % 4),
        "b": kernels.place(b, misalign=2 * b.itemsize % 4),
        "loops": kernels.place(values.loops),
    }


def test_comparisons_of_integers(kernels, rng):
    for size in TYPES:
        a, b = (integers(rng, shape, size) for shape in shapes(rng, 5))
        for (equal, inverted), relation in RELATIONS.items():
            result = kernels.run(
                COMPARISON,
                np.broadcast_shapes(a.shape, b.shape),
                **spread(kernels, a, b),
                **PLAIN,
                element_bytes=size,
                equal=equal,
                inverted=inverted,
                scaled=0,
            )
            assert np.array_equal(result, relation(a, b))
        kernels.clear()


def test_comparisons_of_scaled_integers(kernels, rng):
    """The step's meaning is compared with TFLM by the networks of one operator."""
    for size in (1, 2):
        a, b = (integers(rng, shape, size) for shape in shapes(rng, 5))
        multipliers, shifts = (values.tolist() for values in random_factors(rng, 2))
        scales = {
            "a_zero_point": int(rng.integers(-128, 128)),
            "a_multiplier": multipliers[0],
            "a_shift": min(shifts[0], 0),
            "b_zero_point": int(rng.integers(-128, 128)),
            "b_multiplier": multipliers[1],
            "b_shift": min(shifts[1], 0),
        }
        for equal, inverted in RELATIONS:
            kernels.run(
                COMPARISON,
                np.broadcast_shapes(a.shape, b.shape),
                **spread(kernels, a, b),
                **scales,
                element_bytes=size,
                equal=equal,
                inverted=inverted,
                scaled=1,
            )
        kernels.clear()


def test_select(kernels, rng):
    """Each call writes its half of the elements and leaves the other half."""
    for size in (1, 2, 4):
        sides = shapes(rng, 5)
        shape = np.broadcast_shapes(*sides, (int(rng.integers(1, 4)), *[1] * 5))
        condition = rng.integers(0, 2, sides[0]).astype(bool)
        values = integers(rng, sides[1], size)
        placed = broadcast(condition.shape, values.shape, 1, size, shape)
        for when in (0, 1):
            result = kernels.run(
                SELECT,
                shape,
                TYPES[size],
                **placed.values,
                a=kernels.place(condition),
                b=kernels.place(values, misalign=size % 4),
                loops=kernels.place(placed.loops),
                element_bytes=size,
                when=when,
            )
            chosen = np.broadcast_to(condition, shape) == when
            assert np.array_equal(result[chosen], np.broadcast_to(values, shape)[chosen])
            untouched = np.full(size, 0x5A, np.uint8).view(TYPES[size])[0]
            assert (result[~chosen] == untouched).all()
        kernels.clear()


@pytest.mark.parametrize("source", [1, 2, 4])
@pytest.mark.parametrize("target", [1, 2, 4])
def test_cast(kernels, rng, source, target):
    x = integers(rng, (int(rng.integers(1, 40)),), source)
    sizes = {"count": x.size, "input_bytes": source, "output_bytes": target}
    place = kernels.place(x, misalign=source % 4)
    result = kernels.run(CAST, x.shape, TYPES[target], input=place, **sizes, to_bool=0)
    assert np.array_equal(result, x.astype(TYPES[target]))
    result = kernels.run(CAST, x.shape, TYPES[target], input=place, **sizes, to_bool=1)
    assert np.array_equal(result, x != 0)
    kernels.clear()


def quotient(a, b):
    """Cut off towards 0."""
    exact = np.abs(a.astype(object)) // np.abs(b.astype(object))
    return np.where((a < 0) == (b < 0), exact, -exact)


def test_arithmetic_of_int32(kernels, rng):
    meanings = [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: (a - b) ** 2,
        quotient,
        np.maximum,
        np.minimum,
    ]
    a, b = (integers(rng, shape, 4) for shape in shapes(rng, 5))
    b = np.where(b == 0, 1, b).astype(np.int32)
    clamp = (
        sorted(integers(rng, 2, 4).tolist()) if rng.random() < 0.5 else [-(1 << 31), (1 << 31) - 1]
    )
    for operation, meaning in enumerate(meanings):
        result = kernels.run(
            ARITHMETIC_INT32,
            np.broadcast_shapes(a.shape, b.shape),
            np.int32,
            **spread(kernels, a, b),
            operation=operation,
            clamp_low=clamp[0],
            clamp_high=clamp[1],
        )
        exact = meaning(*np.broadcast_arrays(a.astype(object), b.astype(object)))
        wrapped = (exact + (1 << 31)) % (1 << 32) - (1 << 31)
        assert np.array_equal(result, np.clip(wrapped, *clamp).astype(np.int32))
    kernels.clear()


def test_division_by_zero():
    memory = Memory(np.zeros(64, np.int8), 0, "a test's memory")
    values = broadcast((3,), (3,), 4, 4).values | {"a": 0, "b": 16, "output": 32, "loops": 0}
    with pytest.raises(CheckError, match="divides by 0"):
        ARITHMETIC_INT32.run({**values, "operation": 4, "clamp_low": -1, "clamp_high": 1}, memory)


def test_gather_nd(kernels, rng):
    shape = tuple(int(n) for n in rng.integers(1, 5, int(rng.integers(1, 5))))
    depth = int(rng.integers(1, len(shape) + 1))
    x = random_int8(rng, *shape)
    count = int(rng.integers(1, 9))
    indices = np.stack([rng.integers(0, n, count) for n in shape[:depth]], 1).astype(np.int32)
    inner = int(np.prod(shape[depth:]))
    pitches = np.array([np.prod(shape[axis + 1 :]) for axis in range(depth)], np.int32)
    result = kernels.run(
        GATHER_ND,
        (count, inner),
        input=kernels.place(x, misalign=1),
        indices=kernels.place(indices),
        pitches=kernels.place(pitches),
        count=count,
        depth=depth,
        inner_bytes=inner,
        input_bytes=x.size,
    )
    assert np.array_equal(result, x[tuple(indices.T)].reshape(count, inner))
    kernels.clear()


@pytest.mark.parametrize("index", [-1, 3])
def test_gather_nd_of_what_is_not_there(index):
    memory = Memory(np.zeros(64, np.int8), 0, "a test's memory")
    memory.write(16, np.array([index, 1], np.int32))
    values = {"input": 0, "indices": 16, "pitches": 20, "output": 32}
    sizes = {"count": 1, "depth": 1, "inner_bytes": 1, "input_bytes": 3}
    with pytest.raises(CheckError, match=rf"GATHER_ND of \[{index}\]"):
        GATHER_ND.run({**values, **sizes}, memory)


def test_add_n(kernels, rng):
    terms, count = int(rng.integers(2, 9)), int(rng.integers(1, 40))
    (multiplier,), (shift,) = (values.tolist() for values in random_factors(rng, 1))
    places = [kernels.place(random_int8(rng, count)) for _ in range(terms)]
    low, high = sorted(int(n) for n in rng.integers(-128, 128, 2))
    kernels.run(
        ADD_N,
        (count,),
        **{f"input_{n}": places[min(n, terms - 1)] for n in range(8)},
        count=count,
        terms=terms,
        multiplier=multiplier,
        shift=shift,
        input_zero_point=int(rng.integers(-128, 128)),
        output_zero_point=int(rng.integers(-128, 128)),
        clamp_low=low,
        clamp_high=high,
    )
    kernels.clear()


def test_update_slice(kernels, rng):
    """The output keeps what is not written; begins out of range are brought into it."""
    axes = int(rng.integers(1, 6))
    whole = [int(n) for n in rng.integers(1, 5, axes)]
    part = [int(rng.integers(1, n + 1)) for n in whole]
    begins = rng.integers(-3, 6, axes).astype(np.int32)
    update = random_int8(rng, *part)
    pitches = [int(np.prod(whole[axis + 1 :])) for axis in range(axes)]
    result = kernels.run(
        UPDATE_SLICE,
        tuple(whole),
        update=kernels.place(update, misalign=1),
        begins=kernels.place(begins),
        axes_table=kernels.place(np.stack([whole, part, pitches], 1).astype(np.int32)),
        axes=axes,
        runs=int(np.prod(part[:-1])),
        run_bytes=part[-1],
    )
    places = np.clip(begins, 0, np.array(whole) - part)
    expected = np.full(whole, 0x5A, np.int8)
    expected[tuple(slice(p, p + n) for p, n in zip(places, part, strict=True))] = update
    assert np.array_equal(result, expected)
    kernels.clear()
