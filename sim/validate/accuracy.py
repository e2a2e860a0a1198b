"""The table of docs/accuracy.md from what ``python -m sim validate`` measured.

``python -m sim.validate.accuracy DIR`` reads ``DIR/validation.csv``, writes the page's tables of
RTL cycles and the sentence above them, and puts ``DIR/parity.png`` beside the page.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.sim.files import write_atomically
from tilewright.sim.networks.zoo import ZOO_NAMES
from tilewright.sim.validate.designs import DERIVED, OTHER_CPUS, WITHOUT_NPU, Design

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "accuracy.md"
PICTURE = PROJECT / "docs" / "images" / "accuracy-parity.png"
BEGIN, END = "<!-- cycles: begin -->\n", "<!-- cycles: end -->"

Cycles = Mapping[tuple[str, str], int]
"""By network and design."""


def text_of(rtl: Cycles, model: Cycles) -> str:
    """The sentence and both tables. Raises RequestError where a design was not measured."""
    designs = (*DERIVED, *OTHER_CPUS, *WITHOUT_NPU)
    points = [(network, design.name) for design in designs for network in ZOO_NAMES]
    if missing := [point for point in points if point not in rtl]:
        network, design = missing[0]
        raise RequestError(f"{network} on {design} was not measured: run python -m sim validate")
    off = [abs(model[point] / rtl[point] - 1) for point in points if model[point] != rtl[point]]
    same = (
        f"The model's are the same in all {len(points)} comparisons."
        if not off
        else f"The model's differ in {len(off)} of {len(points)} comparisons, "
        f"by {max(off):.3%} at most."
    )
    return (
        f"Cycles of the RTL. {same}\n"
        "The networks are the built-in ones of the four MLPerf Tiny topologies. A name says rows x "
        "columns, then what differs from\nthe default: `b` bus bytes, `l` memory latency, `s` "
        "scratchpad KiB, `w` weight buffer KiB, `k` banks.\n\n"
        f"{_table(DERIVED, rtl)}\nWith other CPUs, and on the CPU alone:\n\n"
        f"{_table((*OTHER_CPUS, *WITHOUT_NPU), rtl)}"
    )


def _table(designs: Sequence[Design], rtl: Cycles) -> str:
    lines = [
        "| design | " + " | ".join(name.upper() for name in ZOO_NAMES) + " |",
        "|---|" + "--:|" * len(ZOO_NAMES),
    ]
    for design in designs:
        cells = [f"{rtl[network, design.name]:,}" for network in ZOO_NAMES]
        lines.append(f"| {design.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def read_cycles(path: Path) -> tuple[Cycles, Cycles]:
    """Sums of RTL's and the model's cycles over the layers of a ``validation.csv``."""
    rtl: dict[tuple[str, str], int] = {}
    model: dict[tuple[str, str], int] = {}
    try:
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                point = row["network"], row["design"]
                rtl[point] = rtl.get(point, 0) + int(row["rtl_cycles"])
                model[point] = model.get(point, 0) + int(row["model_cycles"])
    except (OSError, KeyError, ValueError) as error:
        raise RequestError(f"{path}: is not what python -m sim validate writes: {error}") from None
    return rtl, model


def main(arguments: Sequence[str]) -> int:
    """Entry of ``python -m sim.validate.accuracy``."""
    try:
        if len(arguments) != 1:
            raise RequestError("give the folder that python -m sim validate --out wrote")
        folder = Path(arguments[0])
        text = text_of(*read_cycles(folder / "validation.csv"))
        before, _, rest = PAGE.read_text().partition(BEGIN)
        write_atomically(PAGE, before + BEGIN + text + END + rest.partition(END)[2])
        write_atomically(PICTURE, (folder / "parity.png").read_bytes())
    except TilewrightError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
