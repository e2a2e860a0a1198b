"""A sweep's answer on its page: the recommended design, the joint front, limits."""

import pytest

from tests.sim.report.explorer_page import Opened
from tests.sim.report.sweep_database import NO_ANSWER, Database
from tilewright.sim.report.explorer import write_explorer


def joint():
    """Two designs on two networks; the second one is to be taken, and another has a large area."""
    database = Database(objectives=("cycles", "area_ge"))
    for rows, area, on_joint_front in ((4, 100.0, 1), (8, 200.0, 1), (16, 900.0, 0)):
        for model, cycles in (("vww", 4000 // rows), ("kws", 16000 // rows)):
            database.add(
                model, config={"rows": rows}, cycles=cycles, area_ge=area, energy_j=1e-6,
                mac_utilisation=0.5, on_front=1, on_joint_front=on_joint_front,
                recommended=int(rows == 8), within_limits=int(area < 900),
            )  # fmt: skip
    database.answer = {
        "described": "geometric mean of 2 networks",
        "fields": ["rows", "cols"],
        "limits": ["area <= 0.5 kGE"],
        "designs": [
            {"fields": [8, 8], "scores": [1000, 200.0], "points": [3, 4], "recommended": True},
            {"fields": [4, 8], "scores": [2000, 100.0], "points": [1, 2], "recommended": False},
        ],
        "recommended": {"name": "rows=8 cols=8", "figures": "cycles 1,000, area 200 GE",
                        "why": "the smallest product", "command": "python -m sim run <x>"},
        "missed": None,
    }  # fmt: skip
    return database


def page_of(browser, folder, database):
    write_explorer(folder / "page.html", database.write(folder / "results.sqlite"))
    return Opened(browser, folder / "page.html")


@pytest.fixture(scope="module")
def opened(browser, tmp_path_factory):
    return page_of(browser, tmp_path_factory.mktemp("answer"), joint())


@pytest.fixture
def page(opened):
    opened.view("q=")
    opened.until("document.querySelectorAll('#table tbody tr').length === 6")
    yield opened
    assert opened.errors == []


def test_the_recommended_design_is_named_with_its_reason_and_command(page):
    text = page.page.text_content("#answer")
    assert (
        "Recommended: rows=8 cols=8: cycles 1,000, area 200 GE. Why: the smallest product." in text
    )
    assert page.page.text_content("#answer code") == "python -m sim run <x>"
    assert page.traces()["recommended"] == ([200, 200], [500, 2000])


def test_the_page_opens_with_the_commands_limits(page):
    page.view()
    page.until("document.querySelectorAll('#table tbody tr').length === 4")
    assert page.page.input_value("#filter") == "area <= 0.5 kGE"
    assert page.page.text_content("#hides") == "area<=0.5 kGE hides 2 points"


def test_the_joint_front_is_a_table_of_designs(page):
    cells = "rows => rows.map(r => Array.from(r.cells, c => c.textContent))"
    # All designs have 8 columns.
    assert page.page.eval_on_selector_all("#answer tr", cells) == [
        ["", "rows", "cycles", "area (GE)"],
        ["★", "8", "1,000", "200"],
        ["", "4", "2,000", "100"],
    ]
    page.page.click("#answer tbody tr:nth-child(2)")
    page.until("document.querySelectorAll('#table tbody tr').length === 2")
    assert page.ids() == [1, 2]


def test_the_joint_front_alone_can_be_shown(page):
    page.page.check("#joint")
    assert page.ids() == [1, 2, 3, 4]
    assert "joint front only hides 2 points" in page.page.text_content("#hides")
    marks = page.page.eval_on_selector_all(
        "#table tbody tr", "rows => rows.map(row => row.cells[4].textContent)"
    )
    assert marks == ["●", "●", "★", "★"]


def test_without_a_joint_front_there_is_no_sign_of_one(browser, tmp_path):
    database = Database()
    database.add("vww", cycles=10, area_ge=1.0, on_front=1)
    database.answer = {**NO_ANSWER, "limits": ["cycles <= 1"], "missed": "nearest comes rows=8"}
    opened = page_of(browser, tmp_path, database)
    assert not opened.page.is_visible("#joint")
    heads = "heads => heads.map(head => head.dataset.column)"
    assert "on_joint_front" not in opened.page.eval_on_selector_all("#table th", heads)
    said = opened.page.text_content("#answer .bad")
    assert said == "No design keeps cycles <= 1: nearest comes rows=8."
    assert opened.errors == []
    opened.page.close()
