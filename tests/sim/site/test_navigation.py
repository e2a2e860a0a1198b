import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.site.navigation import navigation


def pages(folder, *names):
    found = {}
    for name in names:
        found[name] = folder / name.replace("/", "-")
        found[name].write_text(f"# Title of {name}\n\ntext\n")
    return found


def test_entries_stay_in_order_and_a_folder_is_listed_by_its_titles(tmp_path):
    listed = [{"Start": [{"Home": "index.md"}]}, {"Decisions": "adr/*"}]
    there = pages(tmp_path, "adr/0002-b.md", "index.md", "adr/0001-a.md")
    assert navigation(listed, there) == [
        {"Start": [{"Home": "index.md"}]},
        {
            "Decisions": [
                {"Title of adr/0001-a.md": "adr/0001-a.md"},
                {"Title of adr/0002-b.md": "adr/0002-b.md"},
            ]
        },
    ]


def test_an_entry_without_a_page_and_a_page_without_an_entry_are_refused(tmp_path):
    with pytest.raises(RequestError, match=r"'Gone' in the navigation: no page gone\.md"):
        navigation([{"Gone": "gone.md"}], {})
    with pytest.raises(RequestError, match=r"no entry for more\.md, other\.md; add one"):
        navigation([{"Home": "index.md"}], pages(tmp_path, "other.md", "index.md", "more.md"))
