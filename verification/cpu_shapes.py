"""Which operators `verification.cpu_costs` times: small, and different in each of their paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np
from numpy.random import Generator

from hw.spec.steps import (
    ADD,
    AVERAGE_POOL_2D,
    CONV_2D,
    COPY,
    DEPTHWISE_CONV_2D,
    FULLY_CONNECTED,
    MAX_POOL_2D,
    MEAN,
    PAD,
    REQUANTISE,
    SOFTMAX,
    StepKind,
)
from verification.cpu_programs import Bench

_SHAPES = 40
"""Random shapes of an operator with windows."""


def benchmarks() -> Mapping[str, Bench]:
    """Runs by name. Every operator follows itself at least once, and something else once."""
    runs: dict[str, Bench] = {}
    for seed, (name, fill) in enumerate(_RUNS.items()):
        bench = Bench(seed=seed)
        fill(bench, np.random.default_rng(seed))
        runs[name] = bench
    return runs


def driver_benchmarks() -> Mapping[str, Bench]:
    """Runs on a chip with an accelerator, by name: a step on it in front of each operator.

    In one run the operators' code has left its cache, in the other most of it is there.
    """
    cold, warm = Bench(seed=100), Bench(seed=101)
    for kind, fill in _CODE:
        _evict(kind, cold)
        cold.npu()
        fill(cold)
        for _ in range(2):
            warm.npu()
            fill(warm)
    warm.npu()
    return {"cold, ends on the CPU": cold, "warm, ends on the NPU": warm}


def _channels(rng: Generator) -> int:
    """Few, with and without a rest behind groups of four."""
    return int(rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 20]))


def _kernel(rng: Generator) -> tuple[int, int]:
    return int(rng.integers(1, 5)), int(rng.integers(1, 5))


def _padding(rng: Generator, kernel: tuple[int, int]) -> tuple[int, int, int, int]:
    if rng.random() < 0.5:
        return 0, 0, 0, 0
    top, left, bottom, right = (int(rng.integers(0, kernel[i % 2])) for i in range(4))
    return top, left, bottom, right


def _size(rng: Generator, kernel: tuple[int, int], channels: int) -> tuple[int, int, int]:
    rows, cols = (int(rng.integers(size, size + 5)) for size in kernel)
    return rows, cols, channels


def _stride(rng: Generator) -> tuple[int, int]:
    return (1, 1) if rng.random() < 0.6 else (int(rng.integers(1, 3)), int(rng.integers(1, 3)))


def _conv_2d(bench: Bench, rng: Generator) -> None:
    for shape in range(_SHAPES):
        kernel = _kernel(rng) if shape % 3 else (1, 1)
        size = _size(rng, kernel, _channels(rng))
        window = (kernel, _stride(rng), _padding(rng, kernel))
        bench.clamped = shape % 5 == 4
        bench.conv_2d(size, _channels(rng), *window)


def _depthwise_conv_2d(bench: Bench, rng: Generator) -> None:
    for shape in range(_SHAPES):
        kernel = _kernel(rng)
        multiplier = 1 if shape % 4 else int(rng.integers(2, 9))
        channels = _channels(rng) if multiplier == 1 else int(rng.integers(1, 4))
        window = (kernel, _stride(rng), _padding(rng, kernel))
        bench.clamped = shape % 5 == 4
        bench.depthwise_conv_2d(_size(rng, kernel, channels), *window, multiplier)


def _fully_connected(bench: Bench, rng: Generator) -> None:
    for shape in range(_SHAPES):
        bench.clamped = shape % 5 == 4
        bench.fully_connected(int(rng.integers(1, 100)), int(rng.integers(1, 24)))


def _pools(kind: StepKind) -> Callable[[Bench, Generator], None]:
    def fill(bench: Bench, rng: Generator) -> None:
        for _ in range(_SHAPES):
            kernel = _kernel(rng)
            window = (kernel, _stride(rng), _padding(rng, kernel))
            bench.pool_2d(kind, _size(rng, kernel, _channels(rng)), *window)

    return fill


def _mean(bench: Bench, rng: Generator) -> None:
    for shape in range(_SHAPES // 2):
        bench.clamped = shape % 5 == 4
        rows, cols, channels = (int(rng.integers(1, 9)) for _ in range(3))
        bench.mean((rows, cols, 4 * channels), int(rng.choice([-12, -9, -6, 0, 1])))
    # Every load of the last one misses: what a miss takes.
    bench.mean((16, 16, 64))


def _elements(bench: Bench, rng: Generator) -> None:
    for shape in range(_SHAPES // 2):
        bench.clamped = shape % 5 == 4
        a, b = (int(rng.integers(-6, 1)) for _ in range(2))
        bench.add(int(rng.integers(1, 300)), (a, b, int(rng.choice([-21, -19, -17, 0]))))
    for shape in range(_SHAPES // 2):
        bench.clamped = shape % 5 == 4
        bench.requantise(int(rng.integers(1, 300)), int(rng.choice([-8, -4, -2, -1, 0, 1])))


def _moves(bench: Bench, rng: Generator) -> None:
    for shape in range(_SHAPES):
        size, skew = int(rng.integers(1, 70)), int(rng.integers(0, 4)) if shape % 2 else 0
        size = size if shape % 4 else 4 * size
        bench.copy(int(rng.integers(1, 9)), size, size + int(rng.integers(0, 4)), skew)
    for _ in range(_SHAPES):
        rows, cols, channels = (int(rng.integers(1, 9)) for _ in range(3))
        top, left, bottom, right = (int(rng.integers(0, 3)) for _ in range(4))
        bench.pad((rows, cols, channels), (top, left, bottom, right))


def _softmax(bench: Bench, rng: Generator) -> None:
    for shape in range(_SHAPES):
        rows, cols = 1 + shape % 3, int(rng.choice([2, 3, 10, 12, 30, 90]))
        scale = float(rng.choice([0.02, 0.1, 0.25, 1.0]))
        logits = rng.integers(-128, 128, (rows, cols), dtype=np.int8)
        if shape % 2:
            logits //= 8
        bench.softmax(logits, scale)


def _code(bench: Bench, rng: Generator) -> None:
    """Kernels whose code has left its cache: in front of each, others with much code."""
    for kind, fill in _CODE:
        _evict(kind, bench)
        fill(bench)


def _evict(kind: StepKind, bench: Bench) -> None:
    """Other kernels than this one, with much code."""
    for other, fill in _LONGEST.items():
        if other is not kind:
            fill(bench)


_LONGEST: Mapping[StepKind, Callable[[Bench], None]] = {
    CONV_2D: partial(Bench.conv_2d, size=(1, 1, 5), outputs=5),
    DEPTHWISE_CONV_2D: partial(Bench.depthwise_conv_2d, size=(1, 1, 5)),
    FULLY_CONNECTED: partial(Bench.fully_connected, channels=5, outputs=5),
}
"""The kernels with the most code, on all of their paths."""

_POOLS = (AVERAGE_POOL_2D, MAX_POOL_2D)

_FACTORS = [[9, 9 - (2**bit + 1)] for bit in range(6)]
"""In quarters and behind the first one, each difference is a power of two: one factor."""

_CLASSES = np.random.default_rng(1).integers(-60, 0, (6, 10)).tolist()
"""As of a classifier: some elements with several factors each."""

_CODE: Sequence[tuple[StepKind, Callable[[Bench], None]]] = (
    *(
        (CONV_2D, partial(Bench.conv_2d, size=(2, 2, channels), outputs=outputs))
        for channels, outputs in product((3, 4, 5), (3, 4, 5))
    ),
    *(
        (DEPTHWISE_CONV_2D, partial(Bench.depthwise_conv_2d, size=(3, 3, channels)))
        for channels in (3, 4, 5)
    ),
    *(
        (
            FULLY_CONNECTED,
            partial(Bench.fully_connected, channels=channels, outputs=outputs),
        )
        for channels, outputs in product((3, 4, 5), (3, 4, 5))
    ),
    *((kind, partial(Bench.pool_2d, kind=kind, size=(3, 3, 4), kernel=(2, 2))) for kind in _POOLS),
    *((MEAN, partial(Bench.mean, size=(2, 2, 4), shift=shift)) for shift in (-7, 1)),
    *((ADD, partial(Bench.add, count=8, shifts=(-1, shift, -19))) for shift in (-1, 0)),
    *((REQUANTISE, partial(Bench.requantise, count=8, shift=shift)) for shift in (-1, 0)),
    *((PAD, partial(Bench.pad, size=(3, 3, channels), pad=(1, 1, 1, 1))) for channels in (1, 4, 5)),
    *(
        (COPY, partial(Bench.copy, chunks=2, chunk_bytes=size, skew=skew))
        for size, skew in ((8, 0), (7, 0), (7, 1))
    ),
    *(
        (SOFTMAX, partial(Bench.softmax, logits=np.array([row], np.int8), scale=0.25))
        for row in ([9, 9], [9, 9, 9, 9], [9, 8], [9, 8, 9, 8], *_FACTORS, *_CLASSES)
    ),
)
"""Operators with different paths."""

_RUNS: Mapping[str, Callable[[Bench, Generator], None]] = {
    "conv_2d": _conv_2d,
    "depthwise_conv_2d": _depthwise_conv_2d,
    "fully_connected": _fully_connected,
    "average_pool_2d": _pools(AVERAGE_POOL_2D),
    "max_pool_2d": _pools(MAX_POOL_2D),
    "mean": _mean,
    "elements": _elements,
    "moves": _moves,
    "softmax": _softmax,
    "code": _code,
}
