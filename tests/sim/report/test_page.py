import re
from dataclasses import replace
from html.parser import HTMLParser

from tilewright.sim.costs.energy import COMPONENTS
from tilewright.sim.report.colours import colours_of
from tilewright.sim.report.page import CAPTIONS, page, write_page
from tilewright.sim.results.result import Geometry
from tilewright.sim.version import origin_line


class Outline(HTMLParser):
    """Checks that tags are closed in order, and keeps the text."""

    VOID = ("meta",)

    def __init__(self):
        super().__init__()
        self.open = []
        self.text = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(text):
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    return " ".join(outline.text)


def test_the_page_is_well_formed_and_complete(result, course):
    text = read(page(result, course))
    for part in ("conv<1>[x]", "softmax", "32,000", "Bit-exact", "mind [it]", "Energy (modelled",
                 "figures", "scratchpad_bytes"):  # fmt: skip
        assert part in text


def test_nothing_is_loaded_from_elsewhere(result, course):
    text = page(result, course)
    assert not re.search(r"https?:|<script|<link|@import|url\((?!#)", text)


def test_every_picture_has_its_heading(result, course):
    figures = re.findall(r"<figure><h2>(.*?)</h2><svg", page(result, course))
    assert figures == list(CAPTIONS.values())


def test_bars_are_shares_of_the_layers_cycles(result, course):
    row = next(
        r for r in page(result, course).split("<tr") if "conv&lt;1&gt;" in r and "CONV_2D" in r
    )
    bar = row.split('class="bar cycles"')[1]
    # 600 cycles: 60 wait for weights, 30 for the drain, the rest computes.
    assert re.findall(r"width:([\d.]+)%", bar) == ["85.00", "10.00", "5.00"]
    assert 'title="conv&lt;1&gt;[x], weights: 60 cycles, 10.0% of the layer"' in bar


def test_idle_parts_of_the_array_are_no_computing(result, course):
    layers = tuple(
        replace(layer, idle={"idle columns": 120, "idle rows": 0}) if layer.stalls else layer
        for layer in result.layers
    )
    text = page(replace(result, layers=layers), course)
    bar = next(r for r in text.split("<tr") if "conv&lt;1&gt;" in r and "CONV_2D" in r)
    # 600 cycles: 90 wait, 120 are idle columns, the rest computes.
    widths = re.findall(r"width:([\d.]+)%", bar.split('class="bar cycles"')[1])
    assert widths == ["65.00", "20.00", "10.00", "5.00"]
    meanings = read(text).split("What these are")[1]
    assert "idle columns columns of the array that have no output pixel" in meanings
    assert "idle rows" not in meanings


def test_a_layer_tells_its_shapes_and_why_it_is_on_the_cpu(result, course):
    geometry = Geometry(inputs=((1, 8, 8, 3),), output=(1, 4, 4, 9), kernel=(3, 3), stride=(2, 2))
    layers = [replace(row, geometry=geometry) if row.macs else row for row in result.layers]
    layers[-1] = replace(layers[-1], reason="the NPU has no <SOFTMAX>")
    text = read(page(replace(result, layers=tuple(layers)), course))
    assert "8x8x3 → 4x4x9, 3x3/2" in text
    assert "on the CPU: the NPU has no <SOFTMAX>" in text


def test_a_page_tells_who_wrote_it(result, course):
    assert origin_line() in read(page(result, course))


def test_without_cycles_there_is_no_energy(functional_result, course, tmp_path):
    write_page(tmp_path / "r.html", functional_result, replace(course, segments=()))
    text = read((tmp_path / "r.html").read_text())
    assert "Energy" not in text
    assert "not measured by the functional backend" in text


def test_without_an_accelerator_nothing_is_said_of_one(result, course):
    layers = tuple(replace(layer, engine="cpu", stalls={}) for layer in result.layers)
    alone = replace(result, config=result.config | {"npu": "none"}, layers=layers)
    text = read(page(alone, course))
    assert "net on the CPU full alone" in text
    assert "bus_bytes" in text
    for word in ("8x8", "utilisation", "array computes", "where the cycles", "scratchpad_bytes"):
        assert word not in text


def test_a_narrow_window_scrolls_what_is_wide_alone(result, course, browser, tmp_path):
    write_page(tmp_path / "r.html", result, course)
    narrow = browser.new_page(viewport={"width": 420, "height": 900})
    narrow.goto((tmp_path / "r.html").as_uri())
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 420
    # Pictures stay large enough to be read.
    assert narrow.evaluate("document.querySelector('figure svg').clientWidth") >= 640
    narrow.close()


def test_each_component_of_energy_has_a_colour_of_its_own():
    assert len(set(colours_of(COMPONENTS).values())) == len(COMPONENTS)
