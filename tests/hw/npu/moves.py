"""Seeded random MOVE commands, and what they mean, run by run in plain Python."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from tilewright.hw.spec.commands import MOVE_LOOPS, Command, Opcode


def move_command(
    source: int | None,
    target: int,
    run: int,
    loops: list[tuple[int, int, int]],
    value: int = 0,
    wait: int = 0,
) -> Command:
    """A MOVE, without a source a fill; ``loops``: (extent, input pitch, output pitch) from the
    innermost on."""
    values = {
        "input_address": source or 0,
        "fill": int(source is None),
        "value": value,
        "output_address": target,
        "run_bytes": run,
    }
    loops = loops + [(1, 0, 0)] * (MOVE_LOOPS - len(loops))
    for loop, (extent, source_pitch, target_pitch) in enumerate(loops):
        values[f"extent_{loop}"] = extent
        values[f"input_pitch_{loop}"] = source_pitch
        values[f"output_pitch_{loop}"] = target_pitch
    return Command(Opcode.MOVE, values, wait)


def runs(c: Command) -> Iterator[tuple[int, int]]:
    """(input address, output address) of every run in order."""
    outermost_first = range(MOVE_LOOPS - 1, -1, -1)
    for turns in itertools.product(*(range(c[f"extent_{loop}"]) for loop in outermost_first)):
        source, target = c["input_address"], c["output_address"]
        for loop, turn in zip(outermost_first, turns, strict=True):
            source += turn * c[f"input_pitch_{loop}"]
            target += turn * c[f"output_pitch_{loop}"]
        yield source, target


def pieces(c: Command, port_bytes: int) -> list[tuple[int, int, int]]:
    """(input address, output address, bytes) of every access in order."""
    run = c["run_bytes"]
    cuts = [(at, min(port_bytes, run - at)) for at in range(0, run, port_bytes)]
    return [(s + at, t + at, size) for s, t in runs(c) for at, size in cuts]


def execute(c: Command, scratchpad: bytearray) -> None:
    """The bytes of each run, or the value, one after the other."""
    before = bytes(scratchpad)
    for source, target in runs(c):
        for i in range(c["run_bytes"]):
            scratchpad[target + i] = c["value"] & 255 if c["fill"] else before[source + i]


def random_move(
    rng: random.Random, *, read: range, write: range, longest: int = 40, most: int = 400
) -> Command:
    """Reads within ``read`` and writes within ``write``, each byte once, at most ``most`` runs.

    Inputs have pitches of any sign and 0; outputs are laid out by a random order of the loops,
    some of them backwards, with gaps.
    """
    while True:
        run = rng.choice([1, 1, 2, 3, 7, 8, 16, rng.randint(1, longest)])
        extents = [rng.choice([1, 1, 2, 3, rng.randint(1, 9)]) for _ in range(MOVE_LOOPS)]
        outputs, size = _layout(rng, run, extents)
        inputs = [rng.choice([0, run, -run, rng.randint(-60, 60)]) for _ in range(MOVE_LOOPS)]
        inputs = rng.choice([inputs, _layout(rng, run, extents)[0]])
        low = sum(min(p * (n - 1), 0) for p, n in zip(inputs, extents, strict=True))
        high = sum(max(p * (n - 1), 0) for p, n in zip(inputs, extents, strict=True)) + run
        runs_in_all = 1
        for extent in extents:
            runs_in_all *= extent
        if runs_in_all <= most and size <= len(write) and high - low <= len(read):
            break
    back = sum(min(p * (n - 1), 0) for p, n in zip(outputs, extents, strict=True))
    source = rng.randint(read.start - low, read.stop - high)
    target = rng.randint(write.start, write.stop - size) - back
    fill = rng.random() < 0.2
    loops = list(zip(extents, inputs, outputs, strict=True))
    return move_command(None if fill else source, target, run, loops, rng.randint(-128, 127))


def _layout(rng: random.Random, run: int, extents: list[int]) -> tuple[list[int], int]:
    """Pitches with which no two runs overlap, and the bytes from the first to the last."""
    pitches, size = [0] * len(extents), run
    for loop in rng.sample(range(len(extents)), len(extents)):
        pitch = size + rng.choice([0, 0, 0, 1, 5])
        size = pitch * (extents[loop] - 1) + size
        pitches[loop] = rng.choice([pitch, pitch, -pitch])
    return pitches, size
