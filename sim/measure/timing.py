"""The chip mapped to a Liberty library for its quickest clock, and timed."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from tilewright.hw.spec.config import Config
from tilewright.sim.costs.area.parts import BLOCKS, block_of
from tilewright.sim.progress import Progress
from tilewright.sim.results.timing import ChipTiming
from tilewright.verification.gates.fo4 import fo4
from tilewright.verification.gates.liberty import Library
from tilewright.verification.gates.mapping import chip_design, map_design
from tilewright.verification.gates.netlist import Netlist
from tilewright.verification.gates.opensta import Opinion, time_by_opensta
from tilewright.verification.gates.timing import Path as TimingPath
from tilewright.verification.gates.timing import Timing
from tilewright.verification.gates.timing_graph import timing_graph

QUICKEST_HZ = 5e9
"""A clock that no chip of ours reaches: logic is sized to be as quick as it gets."""

_NUMBER = re.compile(r"\$\d+(?=\.|$)")
"""What Amaranth puts behind the name of an instance that a signal has as well."""

_MEMORY = "SRAM "


def map_chip(config: Config, library: Library, progress: Progress) -> Netlist:
    """The chip in cells of ``library``, for the quickest clock; minutes, or from the cache."""
    blocks = [path for paths in BLOCKS.values() for path in paths if path]
    with progress.step("mapping the chip") as step:
        return map_design(
            chip_design(config),
            library,
            blocks,
            QUICKEST_HZ,
            note=lambda text: setattr(step, "detail", text),
            flatter=True,
        )


def time_netlist(
    netlist: Netlist, library: Library, progress: Progress, wire_ff: float = 0.0
) -> ChipTiming:
    """Its timing; memories have that of the SRAMs of ``library``, and are left out without any."""
    with progress.step("timing the chip"):
        graph = timing_graph(netlist, library, wire_ff)
        timing = Timing(graph)
        return ChipTiming(
            library=library.name,
            corner=f"{library.corner}: {library.voltage:g} V, {library.temperature:g} C",
            fo4_ps=fo4(library).delay_ps,
            wire_ff=wire_ff,
            macros=graph.macros,
            worst=timing.worst_path(),
            to=_longest_first(timing.worst_to(_block)),
            through=_longest_first(timing.worst_through(_block)),
        )


def ask_opensta(
    netlist: Netlist, library: Library, progress: Progress, wire_ff: float = 0.0
) -> Opinion:
    """What OpenSTA says of the same, without memories. Raises RequestError where it is missing."""
    with progress.step("OpenSTA") as step, tempfile.TemporaryDirectory() as folder:
        return time_by_opensta(
            netlist,
            library,
            Path(folder),
            wire_ff,
            note=lambda text: setattr(step, "detail", text),
        )


def starts_at_memory(path: TimingPath) -> bool:
    """Whether an access of SRAM starts it."""
    return path.start.startswith(_MEMORY)


def _block(path: str) -> str:
    return block_of(_NUMBER.sub("", path))


def _longest_first(paths: dict[str, TimingPath]) -> dict[str, TimingPath]:
    return dict(sorted(paths.items(), key=lambda item: -item[1].delay_ps))
