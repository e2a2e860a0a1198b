"""Two results of ``run --json`` compared: top to bottom."""

from __future__ import annotations

from pathlib import Path

from tilewright.sim.diff.difference import Difference, difference_of
from tilewright.sim.diff.page import write_difference
from tilewright.sim.diff.saved import read_run
from tilewright.sim.diff.terminal import print_difference
from tilewright.sim.files import require_writable
from tilewright.sim.report.console import report_console


def diff(a: Path, b: Path, report: Path | None = None) -> Difference:
    """Read both, write the page that was asked for and print what differs.

    Raises RequestError where a file is no result, or damaged.
    """
    if report is not None:
        require_writable(report)
    found = difference_of(read_run(a), read_run(b))
    if report is not None:
        write_difference(report, found)
    print_difference(found, report_console())
    return found
