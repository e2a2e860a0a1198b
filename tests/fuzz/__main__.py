"""Damaged and odd networks through the mapper: `python -m tests.fuzz --cases 20000 --seed 0`.

Prints for every operator how many cases were refused, imported, and run, and every defect with
the number of its case; `--case N` runs that one alone, with its traceback. Exit status 1 where
there is a defect.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections import Counter, defaultdict

from tests.fuzz.cases import case


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all cases (%(default)s)")
    parser.add_argument("--case", type=int, help="run this one alone")
    args = parser.parse_args()
    if args.case is not None:
        print(case(args.seed, args.case).run())
        return 0
    outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    defects: defaultdict[str, list[int]] = defaultdict(list)
    for number in range(args.cases):
        one = case(args.seed, number)
        try:
            outcomes[f"{one.kind} {one.network}"][one.run()] += 1
        except Exception as error:
            outcomes[f"{one.kind} {one.network}"]["defect"] += 1
            found = _place(error)
            defects[found].append(number)
            if len(defects[found]) == 1:
                print(f"case {number} ({one.kind} {one.network}): {found}", flush=True)
    _report(outcomes, defects)
    return 1 if defects else 0


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    own = [
        f for f in traceback.extract_tb(error.__traceback__) if "site-packages" not in f.filename
    ]
    frame = own[-1] if own else frame
    return f"{type(error).__name__} at {frame.filename}:{frame.lineno}: {str(error)[:120]}"


def _report(outcomes: dict[str, Counter[str]], defects: dict[str, list[int]]) -> None:
    columns = ("refused", "imported", "run", "defect")
    print(f"{'network':40}" + "".join(f"{column:>10}" for column in columns))
    total: Counter[str] = Counter()
    for network, counts in sorted(outcomes.items()):
        print(f"{network:40}" + "".join(f"{counts[column]:10}" for column in columns))
        total += counts
    print(f"{'all':40}" + "".join(f"{total[column]:10}" for column in columns))
    for found, numbers in defects.items():
        print(f"{found}\n    cases {', '.join(map(str, numbers[:8]))} of {len(numbers)}")


if __name__ == "__main__":
    sys.exit(main())
