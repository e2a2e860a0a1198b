import shlex
from pathlib import Path

import pytest

from tilewright.hw.spec.config import make_config
from tilewright.sim.cli import parser
from tilewright.sim.sweep.joint import Design
from tilewright.sim.sweep.limits import parse_limits
from tilewright.sim.sweep.recommend import (
    Order,
    at_an_end,
    command_in_rtl,
    overrides,
    reasons,
    recommended,
)
from tilewright.sim.verbs.options import config_of


def design(*scores, **row):
    return Design((row,), scores, 0.0)


def test_the_smallest_product_is_recommended():
    front = [design(1.0, 9.0), design(2.0, 4.0), design(9.0, 1.1)]
    assert recommended(front) is front[1]
    # Units change nothing.
    milli = [Design(one.rows, (1000 * one.scores[0], one.scores[1]), 0.0) for one in front]
    assert recommended(milli) is milli[1]


def test_of_equal_products_the_first_objective_decides():
    front = [design(4.0, 2.0), design(2.0, 4.0)]
    assert recommended(front) is front[1]


def test_nothing_is_less_than_anything():
    front = [design(1.0, 1.0), design(0.0, 100.0), design(0.0, 50.0)]
    assert recommended(front) is front[2]


def test_the_reason_says_what_is_given_up():
    front = [design(1.0, 9.0), design(2.0, 4.0), design(9.0, 3.2)]
    limits = parse_limits(["energy <= 1 mJ", "area <= 9k"])
    assert reasons(front[1], front, ("latency_s", "area_ge"), limits) == (
        "the smallest product of latency, area of the 3 designs on the front that keep "
        "energy <= 1 mJ and area <= 9k: latency 100% above the best, area 25% above the best"
    )
    assert reasons(front[0], front[:1], ("latency_s", "area_ge"), ()) == (
        "the best in latency, area of all designs"
    )


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"rows": 16},
        {"rows": 16, "requantiser_lanes": 8},
        {"rows": 32, "cols": 4, "memory_latency": 20},
        {"move_unit": False, "cpu": "imac"},
        {"npu": "none", "bus_bytes": 4},
    ],
)
def test_a_command_gives_the_configuration_with_the_fewest_fields(values):
    config = make_config(values)
    assert overrides(config) == values
    chosen = Design((config.flat(),), (1.0,), 0.0)
    command = command_in_rtl(chosen, Order(("net.tflite",), {}, ("rows",), Path("out")))
    assert command.startswith("python -m sim run --model net.tflite")
    options = parser().parse_args(shlex.split(command)[3:])
    assert config_of(options) == config
    assert options.backend == "rtl"


def test_several_runs_are_a_sweep_of_one_design():
    values = {"rows": 4, "cols": 16, "cpu": "imac"}
    rows = tuple(make_config({**values, "memory_latency": n}).flat() for n in (4, 20))
    order = Order(("a b.onnx", "kws"), {"memory_latency": (4, 20)}, ("rows", "cols"), Path("out"))
    command = command_in_rtl(Design(rows, (1.0,), 0.0), order)
    assert command == (
        "python -m sim sweep --model 'a b.onnx' --model kws --grid rows=4 --grid cols=16 "
        "--set cpu=imac --scenario memory_latency=4,20 --backend rtl --out out/rtl"
    )
    parser().parse_args(shlex.split(command)[3:])


def test_without_an_accelerator_there_is_no_field_of_it_in_the_command():
    row = make_config({"npu": "none"}).flat() | {"rows": None}
    command = command_in_rtl(
        Design((row, row), (1.0,), 0.0), Order(("a", "b"), {}, ("rows",), Path("out"))
    )
    assert "--grid npu=none" in command
    assert "rows" not in command


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ({"rows": 8}, []),
        ({"rows": 16}, ["rows"]),
        ({"rows": 32}, []),  # No array is larger.
        ({"rows": 4, "scratchpad_bytes": 131072}, ["rows", "scratchpad_bytes"]),
        ({"rows": 8, "bus_bytes": 4}, []),  # Two values.
    ],
)
def test_ends_of_the_grid_are_told_where_hardware_goes_on(values, ends):
    numbers = (4, 8, 32) if values["rows"] == 32 else (4, 8, 16)
    axes = {
        "rows": numbers, "scratchpad_bytes": (32768, 65536, 131072), "bus_bytes": (4, 8),
        "cpu": ("full", "imac", "lite"),
    }  # fmt: skip
    chosen = Design((make_config(values).flat(),), (1.0,), 0.0)
    assert at_an_end(chosen, axes) == ends


def test_without_an_accelerator_there_is_no_end_of_it():
    row = make_config({"npu": "none"}).flat() | {"rows": None}
    assert at_an_end(Design((row,), (1.0,), 0.0), {"rows": (4, 8, 16)}) == []
