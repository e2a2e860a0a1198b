from dataclasses import replace
from itertools import pairwise

import pytest

from tilewright.sim.report.counters import trace_counters

POWER, MEMORY = "power, modelled (W)", "main memory (bytes a cycle)"
ARRAY, SCRATCHPAD = "array utilisation (%)", "scratchpad in use (bytes)"


@pytest.fixture
def rows(result, course):
    """The same run, its rows in a result's order: what belongs to no layer comes last."""
    first, *layers = result.layers
    return replace(result, layers=(*layers, first))


def curves(result, course):
    return {counter.name: list(counter.values) for counter in trace_counters(result, course)}


def test_curves_are_the_rows_figures_where_they_ran(rows, course):
    found = curves(rows, course)
    assert list(found) == [POWER, MEMORY, ARRAY, SCRATCHPAD]
    # 100 MHz: 4 nJ in 1 µs, 15 nJ in 6 µs, 12 nJ in 3 µs.
    assert found[POWER] == [
        (0, pytest.approx(4e-3)),
        (100, pytest.approx(2.5e-3)),
        (700, pytest.approx(4e-3)),
        (1000, 0),
    ]
    # 500 bytes read and 7 written in 600 cycles.
    assert found[MEMORY] == [(0, 0), (100, pytest.approx(507 / 600)), (700, 0), (1000, 0)]
    assert found[ARRAY] == [(0, 0), (100, pytest.approx(100 * 32_000 / 38_400)), (700, 0),
                            (1000, 0)]  # fmt: skip
    # 8,192 bytes of the layer's result, 4,096 of its input and 512 of staging; then the result.
    assert found[SCRATCHPAD] == [(0, 0), (100, 12_800), (700, 8192), (1000, 0)]


def test_the_area_below_the_power_is_the_energy(rows, course):
    curve = curves(rows, course)[POWER]
    joules = sum(watts * (end - start) / 100e6 for (start, watts), (end, _) in pairwise(curve))
    assert joules == pytest.approx(rows.total.energy_j)


def test_buffers_in_one_place_count_once(rows, course):
    chip = course.program.memory_plan[0]
    twice = replace(chip, name="in place", address=chip.address + 1024)
    course.program.memory_plan = (chip, twice)
    # 4,096 bytes, and 1,024 beyond them.
    assert curves(rows, course)[SCRATCHPAD][1] == (100, 5120)


def test_what_nobody_counts_has_no_curve(rows, course):
    silent = tuple(replace(row, energy_by_component_j=None, events={}) for row in rows.layers)
    found = replace(rows, layers=silent, config=rows.config | {"control": "microcode"})
    assert list(curves(found, course)) == [ARRAY, SCRATCHPAD]
    alone = tuple(replace(row, engine="cpu") for row in rows.layers)
    on_cpu = [replace(segment, engine="cpu") for segment in course.segments]
    found = replace(rows, layers=alone, config=rows.config | {"npu": "none"})
    assert list(curves(found, replace(course, segments=on_cpu))) == [POWER]
