import re
from xml.etree import ElementTree

import pytest

from sim.report.figures.output import inline_svg, save_png
from sim.report.figures.style import INK, new_figure, styled

NAMES = ["<a&b>", "$x_1$", "]]>--\"'", "層"]


@pytest.fixture
@styled
def figure():
    figure = new_figure(2, 3)
    axes = figure.subplots()
    axes.barh(range(len(NAMES)), [1.23456, 2, 3, 4])
    axes.set_yticks(range(len(NAMES)), NAMES)
    return figure


def test_names_stand_as_they_are(figure):
    svg = ElementTree.fromstring(inline_svg(figure, "bars of <a&b>"))
    texts = {node.text for node in svg.iter("text")}
    assert set(NAMES) <= texts
    assert svg.find("title").text == svg.get("aria-label") == "bars of <a&b>"


def test_it_needs_nothing_from_elsewhere_and_is_small(figure):
    svg = inline_svg(figure, "bars")
    assert not re.search(r"https?:|xlink|<metadata|<\?xml|<!DOCTYPE|@import|url\((?!#)", svg)
    assert not re.search(r' (d|x|y|transform)="[^"]*\.\d{3}', svg)
    assert INK not in svg
    assert "currentColor" in svg


def test_several_figures_share_no_names_of_elements(figure):
    other = new_figure(1)
    other.subplots().plot([1, 2], [3, 4])
    ids = [set(re.findall(r' id="([^"]+)"', inline_svg(drawn, "x"))) for drawn in (figure, other)]
    assert not any(re.fullmatch(r"\w+_\d+", name) for name in ids[0] | ids[1])


def test_the_same_figure_is_the_same_text(figure):
    assert inline_svg(figure, "bars") == inline_svg(figure, "bars")


def test_png_has_200_dots_an_inch(figure, tmp_path):
    save_png(figure, tmp_path / "f.png")
    data = (tmp_path / "f.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == (600, 400)
