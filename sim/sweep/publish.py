"""A sweep for the command line: files, then the summary in the terminal."""

from __future__ import annotations

from tilewright.hw.spec.quoted import printable
from tilewright.sim.progress import Progress
from tilewright.sim.report.console import report_console
from tilewright.sim.sweep.answer import Answer
from tilewright.sim.sweep.files import write_files
from tilewright.sim.sweep.networks import open_networks
from tilewright.sim.sweep.request import SweepRequest
from tilewright.sim.sweep.store import Store
from tilewright.sim.sweep.summary import print_recommendation, print_summary
from tilewright.sim.sweep.sweep import sweep


def sweep_and_print(request: SweepRequest, progress: Progress) -> None:
    """Do the sweep, write its files and print the summary. Raises as `sweep` does."""

    def publish(store: Store, found: Answer) -> None:
        files = write_files(request, store, progress)
        console = report_console()
        print_summary(store, request.objectives, found, console)
        for path in files:
            line = printable(str(path))
            console.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)
        print_recommendation(found, console)

    sweep(request, open_networks(request.models, progress), progress, publish)
