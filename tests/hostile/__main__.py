"""Hostile trials of the command line: `python -m tests.hostile --seed 0 --scale 1`.

Damaged inputs and databases, damaged caches, odd names, full disks, killed sweeps, and Programs
that are damaged or forged on the chip (RTL; 500 of them, a second or more each). Each trial
has a number; `--trial caches 7` runs that one alone, with its traceback. Exit status 1 where there
is a defect. Odd networks are the business of `make fuzz`.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.hostile import files, programs, trials

Trial = Callable[[random.Random, Path], str | None]
"""May return a word for how it ended."""

TRIALS: Mapping[str, tuple[Trial, int]] = {
    "arrays": (files.arrays, 4000),
    "configurations": (files.configurations, 2000),
    "points": (files.points, 2000),
    "databases": (files.databases, 500),
    "caches": (trials.caches, 30),
    "names": (trials.names, 50),
    "disks": (trials.disks, 40),
    "sweeps": (trials.sweeps, 8),
    "damaged": (programs.damaged, 250),
    "forged": (programs.forged, 250),
}
"""Kinds of trial, and how many of each."""


def attempt(kind: str, seed: int, number: int) -> str | None:
    """One trial, in a folder of its own; returns how it ended. Raises what is a defect."""
    with tempfile.TemporaryDirectory(prefix="tilewright-hostile-") as folder:
        return TRIALS[kind][0](random.Random(f"{kind} {seed} {number}"), Path(folder))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of all trials (%(default)s)")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="more or fewer of each kind (%(default)s)"
    )
    parser.add_argument("--kind", action="append", choices=TRIALS, help="these alone")
    parser.add_argument("--trial", nargs=2, metavar=("KIND", "N"), help="run this one alone")
    args = parser.parse_args()
    if args.trial is not None:
        attempt(args.trial[0], args.seed, int(args.trial[1]))
        return 0
    defects = 0
    for kind in args.kind or TRIALS:
        count, wrong = max(1, round(TRIALS[kind][1] * args.scale)), 0
        ends: Counter[str] = Counter()
        for number in range(count):
            try:
                if end := attempt(kind, args.seed, number):
                    ends[end] += 1
            except Exception as error:
                wrong += 1
                print(f"{kind} {number}: {type(error).__name__}: {str(error)[-500:]}", flush=True)
        told = "".join(f"  {end} {number}" for end, number in ends.most_common())
        print(f"{kind:16}{count:8} trials{wrong:6} defects{told}", flush=True)
        defects += wrong
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
