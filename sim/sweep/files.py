"""The files of a sweep in its folder, written when all points are known."""

from __future__ import annotations

from pathlib import Path

from tilewright.sim.progress import Progress
from tilewright.sim.sweep.request import SweepRequest
from tilewright.sim.sweep.store import Store

DATABASE, TABLE, PAGE, PICTURE = "results.sqlite", "results.csv", "pareto.html", "pareto.png"
RESULTS = (DATABASE, TABLE, PAGE, PICTURE)
"""Files of a sweep in its folder."""


def write_files(request: SweepRequest, store: Store, progress: Progress) -> tuple[Path, ...]:
    """Write table and page, and the picture if it is asked for; returns all paths of `RESULTS`.

    Raises RequestError where one cannot be written.
    """
    database, table, page = (request.out / name for name in (DATABASE, TABLE, PAGE))
    store.export_csv(table)
    from tilewright.sim.report.explorer import write_explorer

    with progress.step("Writing the page"):
        write_explorer(page, database)
    if not request.png:
        return database, table, page
    from tilewright.sim.report.figures.sweep import save_front

    picture = request.out / PICTURE
    with progress.step("Drawing the front"):
        save_front(picture, database)
    return database, table, page, picture
