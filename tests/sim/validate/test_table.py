"""The comparison as CSV, Markdown and plot."""

import csv
import io

from tilewright.sim.validate.compare import Comparison, Counted, LayerPair
from tilewright.sim.validate.designs import Design
from tilewright.sim.validate.parity import parity_png
from tilewright.sim.validate.table import HEADINGS, cells, csv_text, markdown, signed
from tilewright.sim.version import origin_line

CONV = LayerPair(
    "conv",
    "CONV_2D",
    "npu",
    Counted(40_000, {"busy": 39_000, "drain": 1000}, {"mac": 7}),
    Counted(40_010, {"busy": 39_000, "drain": 1010}, {"mac": 8}),
)
SOFTMAX = LayerPair("softmax", "SOFTMAX", "cpu", Counted(2000, {}, {}), Counted(1970, {}, {}))
REST = LayerPair("(firmware)", "between layers", "cpu", Counted(0, {}, {}), Counted(0, {}, {}))
COMPARISON = Comparison("net", "4x8", (CONV, SOFTMAX, REST))


def test_a_layer_is_a_row_with_both_sides() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text([COMPARISON]))))
    assert [row["layer"] for row in rows] == ["conv", "softmax", "(firmware)"]
    conv, softmax, _ = rows
    assert (conv["rtl_cycles"], conv["model_cycles"], conv["error"]) == (
        "40000",
        "40010",
        "0.000250",
    )
    assert (conv["rtl_drain_cycles"], conv["model_drain_cycles"]) == ("1000", "1010")
    assert (conv["rtl_mac"], conv["model_mac"]) == ("7", "8")
    assert softmax["rtl_busy_cycles"] == softmax["model_mac"] == ""


def test_cells_stand_under_their_headings() -> None:
    row = dict(zip(HEADINGS, cells(COMPARISON), strict=True))
    assert row["RTL"] == "42,000"
    assert row["model"] == "41,980"
    assert row["error"] == "-0.05%"
    assert row["largest error of a layer"] == "-1.50% softmax"
    assert (row["NPU off"], row["causes off"], row["events off"]) == ("10", "10", "1")
    assert row["kept"] == "no"


def test_only_nothing_is_shown_as_nothing() -> None:
    assert signed(0.0) == "0"
    assert signed(0.00001) == "+0.0010%"
    assert signed(-0.0123) == "-1.23%"


def test_the_page_says_what_the_designs_are() -> None:
    page = markdown([COMPARISON], [Design("4x8", ("rows=4",))], "A verdict.")
    assert page.splitlines()[-1] == origin_line()
    assert "A verdict." in page
    assert "| 4x8 | rows=4 |" in page
    assert "Networks within 1%, layers over 1,000 cycles within 2%, events equal." in page
    table = [line for line in page.splitlines() if line.startswith("| net |")]
    assert len(table) == 1
    assert table[0].count("|") == len(HEADINGS) + 1


def test_the_plot_is_a_picture_though_a_row_took_no_cycles() -> None:
    assert parity_png([COMPARISON]).startswith(b"\x89PNG")
