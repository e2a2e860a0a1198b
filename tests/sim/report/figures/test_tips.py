"""What pictures tell who points at an element."""

import re
from xml.etree import ElementTree

import pytest

from tilewright.sim.report.figures.output import inline_svg, save_figure
from tilewright.sim.report.figures.run import run_figures
from tilewright.sim.report.figures.style import new_figure
from tilewright.sim.report.figures.tips import tell, tell_area

TOLD = {
    "cycles": {
        # 600 cycles: 60 wait for weights, 30 for the drain, the rest computes.
        "conv<1>[x], array computes: 510 cycles, 85.0% of the layer",
        "conv<1>[x], waits: weights: 60 cycles, 10.0% of the layer",
        "conv<1>[x], waits: drain: 30 cycles, 5.0% of the layer",
        # 32,000 products of 600 cycles and 64 elements.
        "conv<1>[x], MAC utilisation: 83.3% in 600 cycles",
        "softmax, CPU computes: 300 cycles, 100.0% of the layer",
    },
    "timeline": {
        "conv<1>[x]: CONV_2D, 600 cycles from 100 on, 60.0% of the whole",
        "conv<1>[x]: array works in 85.0% of 600 cycles",
        "conv<1>[x]: DMA works in 25.0% of 600 cycles",
        "softmax: CPU works in 100.0% of 300 cycles",
    },
    "roofline": {
        "conv<1>[x]: CONV_2D, 600 cycles, 100.0% of these layers', 53.3 MACs a cycle, "
        "63.1 MACs a byte"
    },
    "memory": {
        "input: 4,096 bytes at 0x2000, live during conv<1>[x]",
        "conv<1>[x]: 8,192 bytes at 0x0, live from conv<1>[x] to softmax",
    },
    "energy": {
        "conv<1>[x], array: 9 nJ, 60.0% of the layer",
        "softmax, cpu: 9 nJ, 75.0% of the layer",
    },
}


def titles(svg):
    return {node.text for node in ElementTree.fromstring(svg).iter("title")}


@pytest.mark.parametrize("picture", TOLD)
def test_elements_tell_layer_cause_amount_and_share(picture, result, course):
    svg = inline_svg(run_figures(result, course)[picture], "picture")
    assert TOLD[picture] <= titles(svg)
    assert "tip:" not in svg


def test_files_have_titles_only_where_the_format_has_elements(tmp_path):
    figure = new_figure(1)
    axes = figure.subplots()
    (bar,) = axes.barh([0], [1])
    tell(bar, 'a "b"\n<c> & d')
    tell_area(axes, 0, 1, 1, "nothing to see")
    for kind in ("svg", "pdf", "png"):
        save_figure(figure, tmp_path / f"f.{kind}")
        assert b"tip:" not in (tmp_path / f"f.{kind}").read_bytes()
    text = (tmp_path / "f.svg").read_text()
    found = re.sub(r' xmlns="[^"]*"', "", text, count=1)
    assert {'a "b" <c> & d', "nothing to see"} <= titles(found)


def test_a_browser_finds_the_title_under_the_pointer(result, course, browser):
    page = browser.new_page(viewport={"width": 1000, "height": 600})
    page.set_content(inline_svg(run_figures(result, course)["timeline"], "Over time"))
    found = page.evaluate(
        """() => [...document.querySelectorAll("g[pointer-events] > title")].map((title) => {
        const box = title.parentElement.getBoundingClientRect();
        const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return [title.textContent, hit.closest("g[pointer-events]")?.firstChild.textContent] })"""
    )
    page.close()
    # Two layers, as boxes and in the lanes of CPU, array and DMA. A name may lie on a box.
    assert len(found) == 8
    lanes = [(told, hit) for told, hit in found if "works in" in told]
    assert len(lanes) == 6
    assert all(told == hit for told, hit in lanes)
