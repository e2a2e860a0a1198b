"""The page of a sweep: what it holds, and what it does in a browser."""

import base64
import json
import re
import zlib

import pytest

from tests.sim.report.explorer_page import Opened
from tests.sim.report.sweep_database import Database, large
from tilewright.hw.spec.config import FIELDS
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.report.explorer import write_explorer
from tilewright.sim.version import origin_line

NAME = "<a&b>"
ERROR = "no room </script><b>"


def small():
    """Five points of two networks; the fifth is invalid, the second has layers and ran in RTL."""
    database = Database()
    for model, rows, cycles, area, front, rtl in (
        ("vww", 4, 1000, 100.0, 1, None),
        ("vww", 8, 500, 200.0, 1, 400),
        ("vww", 16, 600, 300.0, 0, None),
        ("kws", 4, 50, 100.0, 1, None),
    ):
        database.add(
            model, "ok", {"rows": rows, "cols": 8}, cycles=cycles, area_ge=area,
            energy_j=area / 1e6, mac_utilisation=cycles / 2000, on_front=front, rtl_cycles=rtl,
            rtl_mismatches=None if rtl is None else 0,
        )  # fmt: skip
    database.add("kws", "invalid", {"rows": 8, "cols": 8}, error=ERROR)
    database.add_layer(2, 0, NAME, "CONV_2D", "npu", 400, 16_000, 3e-6,
                       {"weights": 100, "drain": 20, "cpu": 0})  # fmt: skip
    database.add_layer(2, 1, "softmax", "SOFTMAX", "cpu", 100, 0, 1e-6, {})
    return database


def written(database, folder):
    page = folder / "pareto.html"
    write_explorer(page, database.write(folder / "results.sqlite"))
    return page


def embedded(page, name):
    return re.search(rf'id="{name}">(.*?)</script>', page.read_text(), re.DOTALL)[1]


def test_layers_are_told_once_and_read_back(tmp_path):
    page = written(small(), tmp_path)
    layers = json.loads(zlib.decompress(base64.b64decode(embedded(page, "layers-data"))))
    assert layers["lists"] == [[[NAME, "CONV_2D", "npu", 16_000], ["softmax", "SOFTMAX", "cpu", 0]]]
    assert layers["causes"] == ["weights", "drain"]
    assert layers["points"] == {"2": [0, [400, 100], [3000, 1000], {"0": [100, 0], "1": [20, 0]}]}


def test_points_are_columns_and_one_value_is_told_once(tmp_path):
    points = json.loads(embedded(written(small(), tmp_path), "points"))
    assert points["values"]["cycles"] == [1000, 500, 600, 50, None]
    assert points["values"]["scratchpad_bytes"] == {"all": 65536}
    assert points["values"]["error"][4] == ERROR
    assert "key" not in points["values"]


def test_the_page_tells_version_and_commit(tmp_path):
    assert f"<footer>{origin_line()}</footer>" in written(small(), tmp_path).read_text()


def test_thousands_of_points_stay_below_15_mb(tmp_path):
    fields = {"rows": [4, 8, 16, 32], "cols": [4, 8, 16, 32], "memory_latency": range(1, 17)}
    few, many = tmp_path / "few", tmp_path / "many"
    few.mkdir()
    many.mkdir()
    base = written(large(["vww"], {"rows": [8]}, 30), few).stat().st_size
    size = written(large(["vww"], fields, 30), many).stat().st_size
    assert base + (size - base) * 4000 / 256 < 15e6


@pytest.mark.parametrize("content", [None, b"no database at all, but text", b""])
def test_another_file_is_refused(content, tmp_path):
    path = tmp_path / "results.sqlite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RequestError, match=re.escape(str(path))):
        write_explorer(tmp_path / "pareto.html", path)


def test_another_schema_is_refused(tmp_path):
    import sqlite3

    path = small().write(tmp_path / "results.sqlite")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE meta SET value = '\"tilewright.sweep/9\"' WHERE key = 'schema'")
    connection.commit()
    connection.close()
    with pytest.raises(RequestError, match=r"tilewright\.sweep/9"):
        write_explorer(tmp_path / "pareto.html", path)


@pytest.fixture(scope="module")
def opened(browser, tmp_path_factory):
    return Opened(browser, written(small(), tmp_path_factory.mktemp("sweep")))


@pytest.fixture
def explorer(opened):
    opened.view()
    opened.until("document.querySelectorAll('#table tbody tr').length === 5")
    opened.until("document.getElementById('x').value === 'area_ge'")
    yield opened
    assert opened.errors == []
    assert opened.requests == [opened.url]


def test_it_opens_with_the_points_and_the_front(explorer):
    traces = explorer.traces()
    assert traces["vww"] == ([100, 200, 300], [1000, 500, 600])
    assert traces["kws"] == ([100], [50])
    assert traces["front of the sweep"] == ([100, 200, 100], [1000, 500, 50])
    assert explorer.fronts() == [[[100, 200], [1000, 500], "hv"], [[100], [50], "hv"]]
    assert explorer.page.text_content("title") == "Sweep of vww, kws"


def several():
    """Three networks on four designs: of each, the third is on the front for its energy alone."""
    database = Database()
    database.objectives = ["cycles", "energy_j", "area_ge"]
    for model, scale in (("vww", 10), ("kws", 1), ("a<b", 100)):
        for rows, cycles, area, energy, front in (
            (4, 1000, 100.0, 3, 1),
            (8, 500, 200.0, 3, 1),
            (12, 700, 300.0, 1, 1),
            (16, 600, 400.0, 4, 0),
        ):
            database.add(
                model, config={"rows": rows}, cycles=scale * cycles, area_ge=area,
                energy_j=energy * 1e-6, on_front=front,
            )  # fmt: skip
    return database


@pytest.fixture(scope="module")
def opened_several(browser, tmp_path_factory):
    return Opened(browser, written(several(), tmp_path_factory.mktemp("several")))


@pytest.fixture
def several_networks(opened_several):
    opened_several.view()
    opened_several.until("document.getElementById('show').value === 'each'")
    opened_several.until("document.getElementById('scatter')._fullLayout.xaxis3 !== undefined")
    yield opened_several
    assert opened_several.errors == []
    assert opened_several.requests == [opened_several.url]


def panels(opened):
    """Axis to (name, number of points) of the traces on it that are points."""
    found = opened.page.evaluate(
        "document.getElementById('scatter').data.filter(t => t.customdata?.length && t.name"
        " && !t.name.includes('front')).map(t => [t.xaxis, t.name, t.x.length])"
    )
    return {axis: (name, count) for axis, name, count in found}


def titles(opened):
    return opened.page.eval_on_selector_all(
        "#scatter .annotation-text", "nodes => nodes.map(node => node.textContent)"
    )


def test_several_networks_have_a_picture_each(several_networks):
    opened = several_networks
    assert panels(opened) == {"x": ("vww", 4), "x2": ("kws", 4), "x3": ("a<b", 4)}
    assert titles(opened) == ["vww", "kws", "a<b"]
    # Areas are the same designs' and share their range; latencies do not.
    x, x2, y, y2 = opened.page.evaluate(
        "(l => [l.xaxis, l.xaxis2, l.yaxis, l.yaxis2].map(a => a.range))"
        "(document.getElementById('scatter')._fullLayout)"
    )
    assert x == pytest.approx(x2)
    assert y[1] > y2[1]
    legend = opened.page.eval_on_selector_all(
        "#scatter .legendtext", "nodes => nodes.map(node => node.textContent)"
    )
    assert legend == ["front of these axes", "front of the sweep", "front of the sweep by energy"]


def test_one_network_or_all_in_one_picture_can_be_chosen(several_networks):
    opened = several_networks
    opened.page.select_option("#show", "all")
    opened.until("document.getElementById('scatter')._fullLayout.xaxis3 === undefined")
    assert set(opened.traces()) >= {"vww", "kws", "a<b"}
    opened.page.select_option("#show", "=a<b")
    opened.until("document.querySelectorAll('#scatter .annotation-text').length === 1")
    assert panels(opened) == {"x": ("a<b", 4)}
    assert "show=%3Da%3Cb" in opened.page.url
    opened.view("show=%3Dnobody")
    opened.until("document.getElementById('show').value === 'each'")


def test_points_that_look_beaten_have_a_mark_and_words(several_networks):
    opened = several_networks
    marks = opened.page.evaluate(
        "document.getElementById('scatter').data.filter(t => t.name?.startsWith('front of the s'))"
        ".map(t => [t.xaxis, t.name, t.marker.symbol, t.x])"
    )
    assert [mark for mark in marks if mark[0] == "x"] == [
        ["x", "front of the sweep", "circle-open", [100, 200]],
        ["x", "front of the sweep by energy", "square-open", [300]],
    ]
    text = opened.page.text_content("#reading")
    assert "○ 6 points on the front of" in text
    assert "□ 3 points on it that others beat in area and cycles, but not in energy" in text
    # Where the axes show energy, nothing beats it; those that the area alone keeps are marked.
    opened.view("x=energy_j")
    opened.until("document.getElementById('reading').textContent.includes('not in area')")
    assert "□ 3 points on it that others beat in energy and cycles" in opened.page.text_content(
        "#reading"
    )


def test_a_narrow_window_has_the_pictures_below_each_other(several_networks):
    opened = several_networks
    domains = (
        "(l => [l.xaxis.domain, l.xaxis2.domain])(document.getElementById('scatter')._fullLayout)"
    )
    first, second = opened.page.evaluate(domains)
    assert first[1] < second[0]
    opened.page.set_viewport_size({"width": 400, "height": 900})
    opened.until("document.getElementById('scatter')._fullLayout.xaxis2.domain[0] === 0")
    opened.until("document.documentElement.scrollWidth <= 400")
    opened.page.set_viewport_size({"width": 1600, "height": 1000})
    opened.until("document.getElementById('scatter')._fullLayout.xaxis2.domain[0] > 0")


def test_an_axis_of_less_than_a_decade_has_ticks(several_networks):
    opened = several_networks
    opened.view("logy=1&show=%3Dkws&y=cycles")
    opened.until("document.getElementById('scatter')._fullLayout.yaxis.type === 'log'")
    ticks = opened.page.eval_on_selector_all(
        "#scatter .ytick text", "nodes => nodes.map(node => node.textContent)"
    )
    # 500 to 1,000 cycles.
    assert {"500", "600", "800", "1 k"} <= set(ticks)


def test_no_button_sends_data_elsewhere(explorer):
    titles = explorer.page.eval_on_selector_all(
        ".modebar-btn", "buttons => buttons.map(button => button.dataset.title)"
    )
    assert set(titles) <= {"Download plot as a PNG", "Zoom", "Pan", "Zoom in", "Zoom out",
                           "Reset axes"}  # fmt: skip
    assert "Zoom" in titles


def test_a_chosen_axis_changes_what_is_plotted(explorer):
    explorer.page.select_option("#x", "energy_j")
    explorer.page.select_option("#y", "mac_utilisation")
    assert explorer.traces()["vww"] == (pytest.approx([1e-4, 2e-4, 3e-4]), [0.5, 0.25, 0.3])
    assert "x=energy_j" in explorer.page.url
    # More utilisation is better, so the first point of vww is the best on both axes.
    assert explorer.fronts() == [[[1e-4], [0.5], "hv"], [[1e-4], [0.025], "hv"]]


def test_ticks_of_logarithmic_axes_have_their_whole_unit(explorer):
    explorer.view("x=energy_j&logx=1&y=scratchpad_bytes&logy=1")
    explorer.until("document.getElementById('scatter')._fullLayout.xaxis.type === 'log'")
    ticks = {
        axis: explorer.page.eval_on_selector_all(
            f"#scatter .{axis}tick text", "nodes => nodes.map(node => node.textContent)"
        )
        for axis in "xy"
    }
    # Energies are 100 to 300 µJ, and all scratchpads 64 KiB.
    assert {"100 µJ", "200 µJ"} <= set(ticks["x"])
    assert all(text.endswith(" µJ") for text in ticks["x"])
    assert {"50,000", "100,000"} <= set(ticks["y"])


def test_parallel_axes_are_the_fields_that_were_varied_and_none_without_points(explorer):
    names = "document.getElementById('parallel').data[0].dimensions.map(d => d.name)"
    assert explorer.page.evaluate(names)[:2] == ["model", "rows"]
    explorer.page.fill("#filter", "nothing-has-this")
    explorer.until("document.getElementById('parallel').textContent === 'No point to show'")
    explorer.page.fill("#filter", "")
    explorer.until("document.getElementById('parallel').data?.length === 1")


def test_parallel_axes_suit_the_points_that_are_on_them(browser, tmp_path):
    """A point without an accelerator is far away, but has no place there."""
    database = Database()
    for rows, cycles in ((4, 35_820), (8, 35_762)):
        database.add("vww", config={"rows": rows}, cycles=cycles, energy_j=cycles * 1e-9,
                     area_ge=1e6, mac_utilisation=0.5)  # fmt: skip
    database.add("vww", config={"npu": "none", "rows": None}, cycles=1_690_427, energy_j=1e-3,
                 area_ge=1e5)  # fmt: skip
    opened = Opened(browser, written(database, tmp_path))
    axes = opened.page.evaluate(
        "Object.fromEntries(document.getElementById('parallel').data[0].dimensions"
        ".map(d => [d.label, d.range]))"
    )
    # Values that hardly differ have room around them, so that the ticks do.
    assert axes["cycles"] == pytest.approx([0.95 * 35_762, 1.05 * 35_820])
    assert axes["energy (J)"] == pytest.approx([0.95 * 35.762e-6, 1.05 * 35.82e-6])
    assert "1 point without" in opened.page.text_content("#absent")
    opened.page.close()


def test_a_narrow_window_scrolls_the_parallel_axes(explorer):
    widths = "(p => [p.clientWidth, p.scrollWidth])(document.getElementById('parallel'))"
    explorer.page.set_viewport_size({"width": 420, "height": 900})
    explorer.page.select_option("#colour", "rows")
    explorer.until("document.getElementById('parallel')._fullLayout.width > 500")
    room, needed = explorer.page.evaluate(widths)
    assert room < 420 < needed
    explorer.until("document.documentElement.scrollWidth <= 420")  # the other pictures follow
    explorer.page.set_viewport_size({"width": 1600, "height": 1000})
    explorer.page.select_option("#colour", "model")
    explorer.until("document.getElementById('parallel')._fullLayout.width > 1000")


def test_refused_points_come_after_the_others(browser, tmp_path):
    database = Database()
    database.add("vww", "invalid", error=ERROR)
    database.add("vww", cycles=100, area_ge=1.0, energy_j=1e-6)
    opened = Opened(browser, written(database, tmp_path))
    assert opened.ids() == [2, 1]
    opened.page.click("#table th[data-column=id] button")
    assert opened.ids() == [2, 1]
    opened.page.close()


def test_why_a_design_is_on_no_fpga_stands_below_its_figures(browser, tmp_path):
    database = Database()
    figures = {"area_ge": 1.0, "energy_j": 1e-6, "on_front": 1}
    database.add("vww", cycles=100, fpga_error=ERROR, **figures)
    database.add("vww", cycles=90, fpga_mhz=47.5, **figures)
    opened = Opened(browser, written(database, tmp_path))
    opened.view("point=1")
    opened.until("document.querySelector('#facts p.bad') !== null")
    assert opened.page.text_content("#facts p.bad") == f"fpga error: {ERROR}"
    offered = opened.page.eval_on_selector_all("#x option", "all => all.map(one => one.value)")
    assert "fpga_mhz" in offered
    assert "fpga_error" not in offered
    assert opened.page.text_content("#table tbody tr:nth-child(1) td:last-child") == ERROR
    opened.page.close()


def test_colours_go_by_any_field(explorer):
    explorer.view("colour=rows")
    explorer.until("document.getElementById('scatter').data.some(t => t.name === 'rows 4')")
    traces = explorer.traces()
    assert traces["rows 4"] == ([100, 100], [1000, 50])
    assert traces["rows 16"] == ([300], [600])


def test_points_that_rtl_ran_show_the_difference(explorer):
    labels = explorer.page.evaluate(
        "document.getElementById('scatter').data.find(t => t.name?.includes('RTL')).text"
    )
    assert labels == ["+25.00%"]


def test_headings_sort_and_absent_values_stay_last(explorer):
    heading = "#table th[data-column=cycles] button"
    explorer.page.click(heading)
    assert explorer.ids() == [4, 2, 3, 1, 5]
    explorer.page.click(heading)
    assert explorer.ids() == [1, 3, 2, 4, 5]


def test_filters_apply_to_table_and_scatter(explorer):
    explorer.page.fill("#filter", "rows>=8 w")
    explorer.until("document.querySelectorAll('#table tbody tr').length === 3")
    assert explorer.ids() == [2, 3, 5]
    explorer.page.click("#statuses [data-name=invalid]")
    assert explorer.ids() == [2, 3]
    explorer.page.check("#front")
    assert explorer.ids() == [2]
    assert explorer.traces()["vww"] == ([200], [500])
    assert explorer.page.text_content("#shown") == "1 of 5 points"


def test_a_single_point_has_room_and_all_are_in_view_again_after_it(explorer):
    ends = "document.getElementById('scatter')._fullLayout.xaxis.range"
    explorer.view("q=rows=16")
    explorer.until(f"{ends}[0] > 280")
    assert explorer.page.evaluate(ends) == pytest.approx([285, 315])
    explorer.view()
    explorer.until(f"{ends}[0] < 100 && {ends}[1] > 300")


def test_a_clicked_point_shows_its_layers(explorer):
    explorer.page.mouse.click(*explorer.pixel(200, 500))
    explorer.until("document.getElementById('layers').data?.length > 0")
    assert explorer.page.text_content("#layers-title") == "Layers of point 2: vww"
    bars = {name: x for name, (x, _) in explorer.traces("layers").items()}
    assert bars == {
        "array computes": [280, 0], "CPU computes": [0, 100], "waits: drain": [20, 0],
        "waits: weights": [100, 0], "MAC utilisation": [16_000 / (400 * 64), None],
        "energy": pytest.approx([3e-6, 1e-6]),
    }  # fmt: skip
    names = explorer.page.eval_on_selector_all(
        "#layers .ytick text", "nodes => nodes.map(n => n.textContent.trim())"
    )
    assert names == [NAME, "softmax"]
    assert "point=2" in explorer.page.url


def test_a_clicked_row_of_a_failed_point_tells_why(explorer):
    explorer.page.click("#table tr[data-id='5'] td:last-child")
    explorer.until("document.getElementById('facts').textContent.includes('no room')")
    assert ERROR in explorer.page.text_content("#facts")
    assert "No layers" in explorer.page.text_content("#layers")


def test_the_tip_shows_the_whole_configuration(explorer):
    explorer.page.mouse.move(*explorer.pixel(300, 600))
    explorer.page.wait_for_selector("#tip:not([hidden])")
    terms = explorer.page.eval_on_selector_all("#tip dt", "nodes => nodes.map(n => n.textContent)")
    assert set(FIELDS) <= set(terms)
    assert explorer.page.text_content("#tip b") == "3: vww"
    explorer.page.mouse.move(5, 5)


def test_a_range_on_a_parallel_axis_filters_the_page(explorer):
    dimension = explorer.page.evaluate(
        "document.getElementById('parallel').data[0].dimensions.findIndex(d => d.name === 'rows')"
    )
    restyle = (
        "([i, range]) => { Plotly.restyle('parallel', `dimensions[${i}].constraintrange`, range) }"
    )
    # The values 4, 8 and 16 stand at heights 0, 1 and 2.
    explorer.page.evaluate(restyle, [dimension, [[0.5, 1.5]]])
    explorer.until("document.querySelectorAll('#table tbody tr').length === 1")
    assert explorer.ids() == [2]
    explorer.page.evaluate(restyle, [dimension, None])
    explorer.until("document.querySelectorAll('#table tbody tr').length === 5")


def test_a_point_without_an_accelerator_has_no_fields_of_one(browser, tmp_path):
    database = Database()
    database.add("vww", config={"rows": 8}, cycles=100, area_ge=100.0, energy_j=1e-6)
    alone = {"npu": "none", "rows": None, "cols": None}
    number = database.add("vww", config=alone, cycles=900, area_ge=10.0, energy_j=1e-5)
    opened = Opened(browser, written(database, tmp_path))
    heads = opened.page.eval_on_selector_all(
        "#table th", "heads => heads.map(head => head.dataset.column)"
    )
    assert "npu" in heads
    assert "rows" not in heads
    opened.page.click(f"#table tr[data-id='{number}'] td:last-child")
    opened.until("document.getElementById('facts').textContent.includes('none')")
    terms = opened.page.eval_on_selector_all("#facts dt", "nodes => nodes.map(n => n.textContent)")
    assert "bus_bytes" in terms
    assert not {"rows", "cols"} & set(terms)
    assert opened.errors == []
    opened.page.close()


@pytest.mark.parametrize("points", [0, 1, 2])
def test_a_sweep_without_results_opens(points, browser, tmp_path):
    database = Database()
    for _ in range(points):
        database.add("vww", "failed", error=ERROR)
    opened = Opened(browser, written(database, tmp_path))
    assert opened.errors == []
    noun = "point" if points == 1 else "points"
    assert opened.page.text_content("#shown") == f"{points} of {points} {noun}"
    assert opened.page.text_content("#parallel") == "No point to show"
    assert len(opened.ids()) == points
    opened.page.close()
