import re
from xml.etree import ElementTree

import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.report.figures.output import inline_svg, parse_formats, save_figure
from tilewright.sim.report.figures.style import INK, new_figure, styled
from tilewright.sim.version import VERSION

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
    save_figure(figure, tmp_path / "f.png")
    data = (tmp_path / "f.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == (600, 400)


@pytest.mark.parametrize(
    ("kind", "begin"), [("svg", b"<?xml"), ("pdf", b"%PDF-"), ("png", b"\x89P")]
)
def test_a_file_has_the_format_of_its_name_and_tells_who_drew_it(figure, tmp_path, kind, begin):
    path = tmp_path / f"f.{kind}"
    save_figure(figure, path)
    first = path.read_bytes()
    assert first.startswith(begin)
    assert f"Tilewright {VERSION}".encode() in first
    save_figure(figure, path)
    assert path.read_bytes() == first


def test_a_vector_picture_has_lines_and_letters_not_dots(figure, tmp_path):
    save_figure(figure, tmp_path / "f.svg")
    drawn = ElementTree.parse(tmp_path / "f.svg").getroot()
    tags = {node.tag.rpartition("}")[2] for node in drawn.iter()}
    assert {"path", "text"} <= tags
    assert "image" not in tags
    save_figure(figure, tmp_path / "f.pdf")
    content = (tmp_path / "f.pdf").read_bytes()
    assert b"/Subtype /Image" not in content
    assert b"/Font" in content


def test_formats_are_a_list_of_known_ones():
    assert parse_formats("pdf, SVG,pdf") == ("pdf", "svg")
    for text in ("gif", "", "pdf,,svg"):
        with pytest.raises(RequestError, match="must be of pdf, svg, png"):
            parse_formats(text)
