import numpy as np
import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.sweep.grid import axes_of, combinations, parse_grids, size


@pytest.mark.parametrize(
    ("text", "key", "values"),
    [
        ("rows=4,8,16", "rows", (4, 8, 16)),
        ("rows = 8 , 4", "rows", (8, 4)),
        ("rows=4..7", "rows", (4, 5, 6, 7)),
        ("rows=2..16..4", "rows", (2, 6, 10, 14)),
        ("scratchpad_bytes=4096..40000*2", "scratchpad_bytes", (4096, 8192, 16384, 32768)),
        ("scratchpad_bytes=0x1000,65_536", "scratchpad_bytes", (4096, 65536)),
        ("rows=2..4,4,3,8", "rows", (2, 3, 4, 8)),
        ("cpu=full,imac", "cpu", ("full", "imac")),
    ],
)
def test_items_are_values_ranges_and_factors(text, key, values):
    assert parse_grids([text]) == {key: values}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["rows"], "KEY=V1,V2"),
        (["=4"], "KEY=V1,V2"),
        (["rows=4,,8"], "missing"),
        (["rows="], "missing"),
        (["row=4"], "rows"),
        (["row=4..8"], "rows"),
        (["rows=x"], "whole number"),
        (["rows=8..4"], "empty"),
        (["rows=4..8..0"], "at least 1"),
        (["rows=4..8*1"], "at least 2"),
        (["rows=0..8*2"], "at least 1"),
        (["cpu=full..lite"], "words"),
        (["memory_bytes=1..100000000"], "values"),
        (["rows=1..99999999999999999999999"], "values"),
        (["rows=4", "rows=8"], "twice"),
    ],
)
def test_what_is_no_grid_is_refused(texts, said):
    with pytest.raises(RequestError, match=said):
        parse_grids(texts)


def test_combinations_vary_the_last_field_fastest():
    axes = parse_grids(["rows=4,8", "cpu=full,imac,lite"])
    assert size(axes) == 6
    assert [tuple(point.values()) for point in combinations(axes)] == [
        (4, "full"),
        (4, "imac"),
        (4, "lite"),
        (8, "full"),
        (8, "imac"),
        (8, "lite"),
    ]
    assert list(combinations({})) == [{}]


def test_axes_are_values_or_texts_each_value_once():
    axes = axes_of({"rows": [4, "8", 4], "cols": "2..8*2", "cpu": ("full", "lite")})
    assert axes == {"rows": (4, 8), "cols": (2, 4, 8), "cpu": ("full", "lite")}


def test_one_value_needs_no_list():
    assert axes_of({"rows": 4, "cpu": "lite"}) == {"rows": (4,), "cpu": ("lite",)}


def test_whole_numbers_may_be_those_of_numpy():
    axes = axes_of({"rows": np.arange(4, 9, 4), "cols": np.int64(8)})
    assert axes == {"rows": (4, 8), "cols": (8,)}
    assert {type(value) for values in axes.values() for value in values} == {int}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"rows": []}, "--grid rows: 0 values"),
        ({"rows": range(10_001)}, "10,001 values; give 1 to 10,000"),
        ({"rows": [True]}, "whole number"),
        ({"rows": None}, "whole number"),
        ({"rowz": [1]}, "did you mean rows"),
        ({"rows": "4..2"}, "the range is empty"),
    ],
)
def test_axes_that_are_none_are_refused(values, said):
    with pytest.raises(RequestError, match=said):
        axes_of(values)
