"""Every picture of a run, for its page and for papers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from tilewright.sim.files import make_folder
from tilewright.sim.report.figures.cycles import cycles_figure
from tilewright.sim.report.figures.energy import energy_figure
from tilewright.sim.report.figures.memory_map import memory_map_figure
from tilewright.sim.report.figures.output import save_figure
from tilewright.sim.report.figures.roofline import roofline_figure, roofline_points
from tilewright.sim.report.figures.timeline import timeline_figure
from tilewright.sim.results.course import Course
from tilewright.sim.results.result import RunResult

NAMES = ("cycles", "timeline", "roofline", "memory", "energy")
"""Of all pictures, in the order of the page."""


def run_figures(result: RunResult, course: Course) -> dict[str, Figure]:
    """By name the pictures for which there are figures.

    A backend that knows no cycles has the memory map alone; a roofline needs layers that multiply
    on the accelerator, energy an accelerator that counts.
    """
    found: dict[str, Figure] = {}
    if course.segments:
        found["cycles"] = cycles_figure(result)
        found["timeline"] = timeline_figure(course, result.clock_hz)
        if roofline_points(result):
            found["roofline"] = roofline_figure(result)
        if result.total.energy_by_component_j is not None:
            found["energy"] = energy_figure(result)
    if course.program.memory_plan:
        found["memory"] = memory_map_figure(course.program)
    return {name: found[name] for name in NAMES if name in found}


def save_run_figures(
    folder: Path, result: RunResult, course: Course, formats: Sequence[str]
) -> tuple[Path, ...]:
    """Write the pictures as NAME.FORMAT into the folder, which is made. Returns their paths.

    Raises RequestError where they cannot be written.
    """
    make_folder(folder)
    paths: list[Path] = []
    for name, figure in run_figures(result, course).items():
        for kind in formats:
            paths.append(folder / f"{name}.{kind}")
            save_figure(figure, paths[-1])
    return tuple(paths)
