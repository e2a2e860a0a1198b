"""The site as it is built: every page, no broken link, nothing loaded from elsewhere."""

import re
import shutil

import pytest

from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.sim.site.build import (
    CONFIGURATION,
    ELSEWHERE,
    PROJECT,
    build_site,
    with_lists_apart,
)
from tilewright.sim.version import VERSION

PATIENCE_MS = 60_000


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "built"
    build_site(out)
    return out


@pytest.fixture
def copy(tmp_path):
    """A project with the pages of this one, to be broken."""
    root = tmp_path / "project"
    shutil.copytree(PROJECT / "docs", root / "docs")
    for name in (CONFIGURATION, *ELSEWHERE.values()):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(PROJECT / name, root / name)
    return root


def test_every_page_is_there_and_tells_the_version(site):
    docs = PROJECT / "docs"
    pages = [path.relative_to(docs).with_suffix(".html") for path in docs.rglob("*.md")]
    assert len(pages) > 30
    for page in (*pages, "changelog.html", "contributing.html", "firmware.html"):
        assert f"Tilewright {VERSION}" in (site / page).read_text(), page


def test_links_between_files_of_the_project_are_links_between_pages(site):
    assert 'href="firmware.html"' in (site / "architecture.html").read_text()
    assert 'href="board.html"' in (site / "firmware.html").read_text()
    assert 'href="architecture.html#rooms"' in (site / "contributing.html").read_text()
    adr = (site / "adr" / "0016-lstm-unit.html").read_text()
    assert 'href="../index.html"' in adr


def test_a_broken_link_ends_the_build_and_leaves_the_site_of_before(copy, tmp_path):
    out = tmp_path / "out"
    mark = out / "assets" / "iframe-worker.js"
    mark.parent.mkdir(parents=True)
    mark.write_text("before")
    page = copy / "docs" / "npu.md"
    text = page.read_text()
    page.write_text(text + "\n[gone](nowhere.md) and [lost](mapper.md#no-such-heading)\n")
    with pytest.raises(CheckError) as raised:
        build_site(out, copy)
    assert "npu.md" in str(raised.value)
    assert "page does not exist" in str(raised.value)
    assert "anchor does not exist" in str(raised.value)
    assert "Traceback" not in str(raised.value)
    assert mark.read_text() == "before"
    assert [path.name for path in out.iterdir()] == ["assets"]
    assert {path.name for path in tmp_path.iterdir()} == {"project", "out"}


@pytest.mark.parametrize("is_folder", [True, False])
def test_nothing_but_a_former_site_is_replaced(is_folder, copy, tmp_path):
    out = tmp_path / "out"
    kept = out / "mine.txt" if is_folder else out
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("mine")
    with pytest.raises(RequestError, match="is no site that was built before"):
        build_site(out, copy)
    assert kept.read_text() == "mine"


def test_a_page_that_nobody_finds_is_refused(copy, tmp_path):
    (copy / "docs" / "hidden.md").write_text("# Hidden\n")
    with pytest.raises(RequestError, match=r"no entry for hidden\.md"):
        build_site(tmp_path / "out", copy)


def test_an_installed_package_has_no_pages(tmp_path):
    with pytest.raises(RequestError, match="the site is built in a checkout"):
        build_site(tmp_path / "out", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_loaded_from_elsewhere(site):
    loads = re.compile(
        r'<(?:script|img|iframe|source)\b[^>]*\bsrc="?(?:https?:)?//|<link\b[^>]*"//'
    )
    for page in site.rglob("*.html"):
        text = page.read_text()
        assert not loads.search(text), page
        for tag in re.findall(r"<link\b[^>]*>", text):
            assert "http" not in tag, (page, tag)


def test_search_works_from_a_file(site, browser):
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((site / "index.html").as_uri())
    links = page.locator("a[href*='configuration.html']:visible")
    before = links.count()
    page.click(".md-search__button")
    page.keyboard.type("weight_buffer_bytes")
    page.get_by_text(re.compile(r"^\d+ results?$")).wait_for()
    assert links.count() > before
    page.close()
    assert errors == []
    assert all(url.startswith("file:") for url in asked)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_page_does_not_scroll_sideways(site, browser, scheme):
    page = browser.new_page(viewport={"width": 400, "height": 800}, color_scheme=scheme)
    colours = set()
    for name in ("index", "verbs", "configuration", "tutorial-sweep"):
        page.goto((site / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    page.close()
    (colour,) = colours
    assert (sum(map(int, re.findall(r"\d+", colour)[:3])) > 384) == (scheme == "light")


def test_a_list_that_interrupts_a_paragraph_is_set_apart():
    apart = "words:\n\n- one\n  more\n- two\n\nwords\n2. no list\n```\nx\n- code\n```\n\n1. first\n"
    assert with_lists_apart(apart.replace(":\n\n", ":\n").replace("```\n\n", "```\n")) == apart
