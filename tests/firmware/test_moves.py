"""Steps that copy elements and resize images: C against NumPy, on random shapes."""

import numpy as np
import pytest

from tests.firmware.cases import random_int8
from tests.firmware.host_kernels import HostKernels
from tests.firmware.step_runs import both
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.resize import bilinear_taps, resize_bilinear
from tilewright.hw.spec.steps import FILL, GATHER, MOVE, RESIZE_BILINEAR, RESIZE_NEAREST
from tilewright.sim.functional.memory import Memory

CASES = 15


@pytest.fixture(params=range(24))
def rng(request):
    return np.random.default_rng(request.param)


@pytest.fixture
def small(kernel_library):
    return HostKernels(kernel_library, 1 << 16)


def loops(name: str, values) -> dict[str, int]:
    return {f"{name}_{loop}": int(value) for loop, value in enumerate(values)}


def nest(rng, repeats: bool, gaps: bool) -> tuple[int, list[int], list[int], int]:
    """(run, extents, pitches, bytes they span): no two turns overlap, but where they repeat."""
    run = int(rng.choice([1, 1, 2, 3, 4, 8, 13]))
    extents = [int(n) for n in rng.integers(1, 5, 5)]
    return run, extents, *spread(rng, run, extents, repeats, gaps)


def spread(rng, run, extents, repeats: bool, gaps: bool) -> tuple[list[int], int]:
    pitches, span = [0] * 5, run
    for loop in rng.permutation(5):
        if repeats and rng.random() < 0.2:
            continue
        pitches[loop] = span + (int(rng.integers(0, 4)) if gaps else 0)
        span += (extents[loop] - 1) * pitches[loop]
    return pitches, span


def test_move(small, rng):
    for _ in range(CASES):
        small.clear()
        run, extents, output_pitches, size = nest(rng, repeats=False, gaps=True)
        input_pitches, span = spread(rng, run, extents, repeats=True, gaps=True)
        backwards = [pitch != 0 and rng.random() < 0.3 for pitch in input_pitches]
        signed = [-p if back else p for p, back in zip(input_pitches, backwards, strict=True)]
        ends = [(n - 1) * pitch for n, pitch in zip(extents, signed, strict=True)]
        start = -sum(end for end in ends if end < 0)
        x = small.place(random_int8(rng, span), misalign=int(rng.integers(4)))
        own, expected = both(
            small,
            MOVE,
            (size,),
            input=x + start,
            run_bytes=run,
            **loops("extent", extents),
            **loops("input_pitch", signed),
            **loops("output_pitch", output_pitches),
        )
        assert np.array_equal(own, expected)


def test_fill(small, rng):
    for _ in range(CASES):
        small.clear()
        run, extents, pitches, size = nest(rng, repeats=False, gaps=True)
        value = int(rng.integers(-128, 128))
        own, expected = both(
            small,
            FILL,
            (size,),
            value=value,
            run_bytes=run,
            **loops("extent", extents),
            **loops("output_pitch", pitches),
        )
        assert np.array_equal(own, expected)
        assert (own == value).sum() >= run * np.prod(extents)


def test_gather(small, rng):
    for _ in range(CASES):
        small.clear()
        batches, outer, axis, coordinates, inner = (int(n) for n in rng.integers(1, 6, 5))
        x = random_int8(rng, batches, outer, axis, inner)
        indices = rng.integers(0, axis, (batches, coordinates)).astype(np.int32)
        own, expected = both(
            small,
            GATHER,
            (batches, outer, coordinates, inner),
            input=small.place(x, misalign=1),
            indices=small.place(indices),
            batches=batches,
            outer=outer,
            axis=axis,
            coordinates=coordinates,
            inner_bytes=inner,
        )
        wanted = [part[:, places] for part, places in zip(x, indices, strict=True)]
        assert np.array_equal(expected, wanted)
        assert np.array_equal(own, expected)


@pytest.mark.parametrize("index", [-1, 3])
def test_gather_of_what_is_not_there(index):
    memory = Memory(np.array([1, 2, 3, 0, index, -(index < 0), -(index < 0), 0], np.int8), 0, "it")
    memory.data[4:8] = np.array([index], "<i4").view(np.int8)
    sizes = {"batches": 1, "outer": 1, "axis": 3, "coordinates": 1, "inner_bytes": 1}
    with pytest.raises(CheckError, match=rf"GATHER of element {index} of an axis of 3"):
        GATHER.run({"input": 0, "indices": 4, "output": 3, **sizes}, memory)


def test_resize_nearest(small, rng):
    for _ in range(CASES):
        small.clear()
        images, rows, cols, pixel = (int(n) for n in rng.integers(1, 6, 4))
        x = random_int8(rng, images, rows, cols, pixel)
        high, wide = (int(n) for n in rng.integers(1, 9, 2))
        ys, xs = rng.integers(0, rows, high), rng.integers(0, cols, wide)
        own, expected = both(
            small,
            RESIZE_NEAREST,
            (images, high, wide, pixel),
            input=small.place(x, misalign=3),
            images=images,
            image_bytes=x[0].size,
            output_rows=high,
            output_cols=wide,
            pixel_bytes=pixel,
            row_offsets=small.place((ys * cols * pixel).astype(np.int32)),
            col_offsets=small.place((xs * pixel).astype(np.int32)),
        )
        assert np.array_equal(expected, x[:, ys][:, :, xs])
        assert np.array_equal(own, expected)


def test_resize_bilinear(small, rng):
    for _ in range(CASES):
        small.clear()
        images, rows, cols, channels = (int(n) for n in rng.integers(1, 6, 4))
        x = random_int8(rng, images, rows, cols, channels)
        high, wide = (int(n) for n in rng.integers(1, 12, 2))
        align, half = [(False, False), (True, False), (False, True)][int(rng.integers(3))]
        flags = {"align_corners": align, "half_pixel_centers": half}
        taps = [bilinear_taps(n, out, **flags) for n, out in ((rows, high), (cols, wide))]
        tables = [
            np.array([t.lower, t.upper, t.fraction]).T * [pitch, pitch, 1]
            for t, pitch in zip(taps, (cols * channels, channels), strict=True)
        ]
        own, expected = both(
            small,
            RESIZE_BILINEAR,
            (images, high, wide, channels),
            input=small.place(x, misalign=1),
            images=images,
            image_bytes=x[0].size,
            output_rows=high,
            output_cols=wide,
            row_bytes=cols * channels,
            channels=channels,
            row_taps=small.place(tables[0].astype(np.int32)),
            col_taps=small.place(tables[1].astype(np.int32)),
        )
        assert np.array_equal(expected, resize_bilinear(x, *taps))
        assert np.array_equal(own, expected)
