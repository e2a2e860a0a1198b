"""Our modelled energies beside chips that were measured: the table in docs/energy.md.

``python -m sim.measure.calibration [--write]`` takes each published chip with its process, predicts
the same networks on our default design in the technology that is nearest, and fits two factors:

    measured = a * modelled dynamic energy + P * time

``a`` is what the chip's dynamic energy is of ours, and ``P`` the power of everything that goes with
time there: leakage, clocks, power supply, what is not used. Time is the chip's own latency where it
is published, and our cycles at the chip's clock elsewhere. With three or four networks a chip, two
factors leave one or two degrees of freedom: the residuals say how far the *ranking* of networks
agrees, no more. Nothing of this goes into the figures that are printed elsewhere.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import TilewrightError
from tilewright.sim.chips.compare import NETWORKS
from tilewright.sim.chips.published import Chip, published_chips
from tilewright.sim.files import write_atomically
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.results.result import Total
from tilewright.sim.run.predict import Predictor

PAGE = Path(__file__).resolve().parents[2] / "docs" / "energy.md"
BEGIN, END = "<!-- calibration: begin -->\n", "<!-- calibration: end -->"

TIMED = ("leakage",)
"""Components that the second factor stands for."""


@dataclass(frozen=True)
class Fit:
    """Of a chip.

    Attributes:
        factor: of modelled dynamic energy.
        watts: of what goes with time.
        residuals: by network, (fitted - measured) / measured.
    """

    chip: Chip
    factor: float
    watts: float
    residuals: Mapping[str, float]


def fit(chip: Chip, dynamic_j: Mapping[str, float], cycles: Mapping[str, int]) -> Fit:
    """Least squares of relative errors; a factor that would be negative is 0.

    Args:
        chip: measured.
        dynamic_j: ours, modelled, by network.
        cycles: ours, by network.
    """
    names = [name for name in NETWORKS if name in chip.energy_j]
    measured = np.array([chip.energy_j[name] for name in names])
    seconds = [chip.latency_s(name) or cycles[name] / chip.clock_hz for name in names]
    table = np.array([[dynamic_j[name] for name in names], seconds]).T / measured[:, None]
    best, least = np.zeros(2), np.inf
    for used in ((0, 1), (0,), (1,)):
        solved = np.zeros(2)
        solved[[*used]] = np.linalg.lstsq(table[:, [*used]], np.ones(len(names)), rcond=None)[0]
        error = float(np.square(table @ solved - 1).sum())
        if (solved >= 0).all() and error < least:
            best, least = solved, error
    left = table @ best - 1
    residuals = {name: float(error) for name, error in zip(names, left, strict=True)}
    return Fit(chip, float(best[0]), float(best[1]), residuals)


def fits(progress: Progress) -> list[Fit]:
    """Of all published chips, with our default design at each chip's clock."""
    predictors = {name: Predictor(open_network(name, progress)) for name in NETWORKS}
    found: list[Fit] = []
    for chip in published_chips():
        config = Config(technology=chip.technology, clock_hz=chip.clock_hz)
        totals = {name: predictors[name].predict(config).total for name in NETWORKS}
        dynamic = {name: _dynamic_j(total) for name, total in totals.items()}
        cycles = {name: total.cycles or 0 for name, total in totals.items()}
        found.append(fit(chip, dynamic, cycles))
    return found


def _dynamic_j(total: Total) -> float:
    parts = total.energy_by_component_j or {}
    return sum(joules for name, joules in parts.items() if name not in TIMED)


def table_text(found: Sequence[Fit]) -> str:
    """The fits as a table in Markdown."""
    names = " | ".join(name.upper() for name in NETWORKS)
    lines = [
        f"| measured chip | technology | a | P, mW | residuals: {names} |",
        "|---|---|--:|--:|" + "--:|" * len(NETWORKS),
    ]
    for one in found:
        left = [f"{one.residuals[n]:+z.0%}" if n in one.residuals else "-" for n in NETWORKS]
        lines.append(
            f"| {one.chip.name} | {one.chip.technology} | {one.factor:.3g} | "
            f"{one.watts * 1e3:.3g} | {' | '.join(left)} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Entry of ``python -m sim.measure.calibration``."""
    parser = argparse.ArgumentParser(prog="python -m sim.measure.calibration")
    parser.add_argument("--write", action="store_true", help="put the table into docs/energy.md")
    options = parser.parse_args(arguments)
    try:
        text = table_text(fits(Progress()))
        print(text, end="")
        if options.write:
            before, _, rest = PAGE.read_text().partition(BEGIN)
            write_atomically(PAGE, before + BEGIN + text + END + rest.partition(END)[2])
    except TilewrightError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
