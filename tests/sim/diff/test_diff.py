import pytest
from rich.console import Console

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.diff.diff import diff
from tilewright.sim.diff.difference import difference_of
from tilewright.sim.diff.page import difference_page
from tilewright.sim.diff.saved import read_run
from tilewright.sim.diff.terminal import print_difference


def wider(document):
    document["config"]["cols"] = 12
    document["total"]["cycles"] = 900
    document["layers"][1] |= {"cycles": 500, "energy_j": 30e-9}
    document["layers"][2]["name"] = "other <b>"


@pytest.fixture
def found(saved):
    return difference_of(read_run(saved("a.json")), read_run(saved("b.json", wider)))


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_the_terminal_shows_layers_side_by_side(found, width):
    console = Console(width=width)
    with console.capture() as capture:
        print_difference(found, console)
    lines = capture.get().splitlines()
    row = next(line for line in lines if line.startswith(" conv<1>[x]"))
    for figure in ("600", "500", "-100", "-16.7%"):
        assert figure in row
    assert ("CONV_2D" in row) == (width >= 120)
    assert ("30 nJ" in row) == (width >= 100)
    assert "only in B" in next(line for line in lines if "other <b>" in line)
    assert "only in A" in next(line for line in lines if line.startswith(" softmax"))
    assert any(line.split() == ["cols", "8", "12"] for line in lines)
    assert max(len(line.rstrip()) for line in lines[2:]) <= width


def test_the_page_shows_the_same(found):
    page = difference_page(found)
    assert "net on 8x8, rtl beside net on 8x12, rtl" in page
    assert "other &lt;b&gt;" in page
    assert "other <b>" not in page
    assert "-16.7%" in page
    # 500 and 600 of the longest, 600.
    assert "width:83.33%" in page
    assert "width:100.00%" in page


def test_two_networks_and_backends_are_said(saved, capsys):
    def other(document):
        document["model"]["sha256"] = "01"
        document["backend"] = "model"

    diff(saved("a.json"), saved("b.json", other))
    out = capsys.readouterr().out
    assert "Two networks" in out
    assert "A by rtl, B by model" in out
    assert "one configuration" in out


def test_a_page_that_cannot_be_written_is_refused_first(saved, tmp_path, capsys):
    with pytest.raises(RequestError, match="does not exist"):
        diff(saved("a.json"), saved("a.json"), tmp_path / "none" / "d.html")
    assert capsys.readouterr().out == ""
