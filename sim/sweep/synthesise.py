"""The area of the front's designs, counted by Yosys."""

from __future__ import annotations

from tilewright.hw.spec.config import Config
from tilewright.sim.measure.gates import synthesise_area
from tilewright.sim.progress import Progress
from tilewright.sim.report.units import counted
from tilewright.sim.sweep.candidate import config_of_row, design_name
from tilewright.sim.sweep.store import Store


def synthesise_front(store: Store, progress: Progress) -> None:
    """Fill ``synthesised_ge`` of the points on the front that lack it, each design once.

    The front stays that of the estimates, which treat all points alike. Raises TilewrightError
    when Yosys fails.
    """
    designs: dict[str, tuple[Config, list[str]]] = {}
    for row in store.front(["id"]):
        if row["synthesised_ge"] is None:
            config = config_of_row(row)
            _, keys = designs.setdefault(config.hardware_key(), (config, []))
            keys.append(row["key"])
    progress.note(f"{counted(len(designs), 'design')} of the front to Yosys")
    for number, (config, keys) in enumerate(designs.values(), 1):
        progress.note(f"{number} of {len(designs)}: {design_name(config)}", style="dim")
        store.set_synthesised(keys, synthesise_area(config, progress).total_ge)
