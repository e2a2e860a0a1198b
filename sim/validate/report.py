"""`validate`, top to bottom: points, comparison, files, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.sim.files import make_folder, write_atomically
from tilewright.sim.networks.zoo import ZOO_NAMES
from tilewright.sim.progress import Progress
from tilewright.sim.report.console import report_console
from tilewright.sim.validate.compare import Comparison
from tilewright.sim.validate.designs import chosen_designs
from tilewright.sim.validate.run import validate
from tilewright.sim.validate.table import HEADINGS, LEGEND, cells, csv_text, markdown

SHOWN = 10


def validate_and_report(
    models: Sequence[str] | None,
    designs: Sequence[str] | None,
    quick: bool,
    out: Path,
    progress: Progress,
) -> list[Comparison]:
    """Compare, write validation.csv, summary.md and parity.png into ``out``, print the table.

    Raises RequestError for a wrong request, CheckError where the chip fails or a limit is not kept.
    """
    if quick and designs:
        raise RequestError("--quick and --design exclude each other; give one of them")
    chosen = chosen_designs(designs, quick=quick)
    make_folder(out)
    comparisons = validate(models or ZOO_NAMES, chosen, out, progress)
    statement = verdict(comparisons)
    write_atomically(out / "validation.csv", csv_text(comparisons))
    write_atomically(out / "summary.md", markdown(comparisons, chosen, statement))
    _write_parity(out / "parity.png", comparisons)
    _print(comparisons, statement, out)
    require_limits(comparisons)
    return comparisons


def verdict(comparisons: Sequence[Comparison]) -> str:
    """How many comparisons keep their limits, and the largest error of a network."""
    broken = sum(bool(comparison.violations()) for comparison in comparisons)
    worst = max(comparisons, key=lambda comparison: abs(comparison.error))
    kept = f"{len(comparisons) - broken} of {len(comparisons)} comparisons keep the limits"
    return (
        f"{kept}. Largest error of a network: {worst.error:+.3%}, {worst.network} on "
        f"{worst.design}."
    )


def require_limits(comparisons: Sequence[Comparison]) -> None:
    """Raises CheckError that names the worst of what is beyond the limits."""
    broken = [comparison for comparison in comparisons if comparison.violations()]
    if not broken:
        return
    broken.sort(key=lambda comparison: abs(comparison.error), reverse=True)
    sentences = [sentence for comparison in broken for sentence in comparison.violations()]
    more = f"\n... and {len(sentences) - SHOWN} more" if len(sentences) > SHOWN else ""
    raise CheckError(
        f"the model is beyond its limits in {len(broken)} of {len(comparisons)} comparisons:\n"
        + "\n".join(sentences[:SHOWN])
        + more
    )


def _write_parity(path: Path, comparisons: Sequence[Comparison]) -> None:
    from tilewright.sim.validate.parity import parity_png

    write_atomically(path, parity_png(comparisons))


def _print(comparisons: Sequence[Comparison], statement: str, out: Path) -> None:
    console = report_console()
    table = Table(box=SIMPLE_HEAD)
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if number < 2 else "right")
    for comparison in comparisons:
        table.add_row(*cells(comparison), style="red" if comparison.violations() else "")
    console.print(table)
    console.print(Text(LEGEND.replace("\n", " "), style="dim"))
    console.print(Text(statement))
    for name in ("validation.csv", "summary.md", "parity.png"):
        console.print(Text(str(out / name), style="dim"))
