"""The filter of a sweep's page: names, titles and units, what it hides, what it cannot read."""

import pytest

from tests.sim.report.explorer_page import Opened
from tests.sim.report.sweep_database import Database
from tilewright.sim.report.explorer import write_explorer


@pytest.fixture(scope="module")
def opened(browser, tmp_path_factory):
    """Points 1 to 4 with twice as much each; energies 0.25 to 2 mJ; and a refused one."""
    database = Database()
    for number, rows in enumerate((2, 4, 8, 16)):
        database.add(
            "vww", config={"rows": rows, "cpu": "full" if rows < 8 else "imac"},
            cycles=1000 * rows, energy_j=0.25e-3 * 2**number, latency_s=1e-4 * rows,
            area_ge=250_000.0 * 2**number, mac_utilisation=1 / rows, read_bytes=1000 * rows,
            sram_bytes=32768 * 2**number, on_front=1,
        )  # fmt: skip
    database.add("vww", "invalid", error="no such thing as energy")
    folder = tmp_path_factory.mktemp("filter")
    write_explorer(folder / "page.html", database.write(folder / "results.sqlite"))
    return Opened(browser, folder / "page.html")


@pytest.fixture
def page(opened):
    opened.view()
    opened.until("document.querySelectorAll('#table tbody tr').length === 5")
    yield opened
    assert opened.errors == []


def filtered(page, text, number):
    page.page.fill("#filter", text)
    page.until(f"document.querySelectorAll('#table tbody tr').length === {number}")
    return page.ids()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("energy_j<=0.001", [1, 2, 3]),
        ("energy<=1mJ", [1, 2, 3]),
        ("energy <= 1 mJ", [1, 2, 3]),
        ("Energy<500uJ", [1]),
        ("energy<=500µJ", [1, 2]),
        ("latency<=1ms", [1, 2, 3]),
        ("latency_s>=400us latency<=0.8ms", [2, 3]),
        ("area<=900000", [1, 2]),
        ("area<=900,000", [1, 2]),
        ("area <= 1MGE", [1, 2, 3]),
        ("area<=500k", [1, 2]),
        ("MAC utilisation >= 25%", [1, 2]),
        ("utilisation=0.5", [1]),
        ("vww main memory read <= 4k", [1, 2]),
        ("sram on the chip <= 64 KiB energy<=300uJ", [1]),
        ("rows>=8 cpu=imac", [3, 4]),
        ("cpu!=imac rows>2 ok", [2]),
        ("thing", [5]),
    ],
)
def test_names_titles_and_units(page, text, ids):
    assert filtered(page, text, len(ids)) == ids
    assert page.page.get_attribute("#filter", "aria-invalid") == "false"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("foo>=3", "no column “foo”"),
        ("energi<=1mJ", "is it energy?"),
        ("energy<=1ms", "ms is no unit of energy; there are"),
        ("energy<=much", "“much” is no number"),
        ("cpu<=imac", "cpu holds words"),
        ("constructor=1", "no column “constructor”"),
        ("rows=4constructor", "constructor is no unit of rows"),
    ],
)
def test_what_means_nothing_is_marked_and_hides_nothing(page, text, said):
    page.page.fill("#filter", text)
    page.until("document.getElementById('filter').ariaInvalid === 'true'")
    assert said in page.page.text_content("#hides .bad")
    assert len(page.ids()) == 5
    # What is beside it holds all the same.
    assert filtered(page, f"{text} rows=4", 1) == [2]


def test_what_is_hidden_is_said_of_each_filter(page):
    filtered(page, "rows>=4 energy<=1mJ", 2)
    said = page.page.eval_on_selector_all("#hides span", "all => all.map(one => one.textContent)")
    # The refused point has the default's 8 rows, and no energy.
    assert said == ["rows>=4 hides 1 point", "energy<=1mJ hides 2 points"]
    assert page.page.text_content("#shown") == "2 of 5 points"
    page.page.click("#statuses [data-name=invalid]")
    assert "invalid switched off hides 1 point" in page.page.text_content("#hides")
    page.page.click("#statuses [data-name=invalid]")
    filtered(page, "", 5)
    assert page.page.text_content("#hides") == ""


def test_the_text_in_place_of_a_plot_goes_when_there_are_points_again(page):
    filtered(page, "rows>100", 0)
    page.until("document.getElementById('parallel').textContent === 'No point to show'")
    filtered(page, "rows>2", 4)
    page.until("document.getElementById('parallel').data?.length === 1")
    assert "No point to show" not in page.page.text_content("#parallel")
