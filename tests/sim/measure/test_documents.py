"""Pages show what their commands print: `python -m sim.measure.documents --write` puts it there."""

import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.measure.documents import (
    PAGES,
    PROJECT,
    Block,
    blocks,
    printed,
    rewritten,
    write_files,
)

TUTORIALS = PAGES[1:]

PAGE = """# Title
<!-- run -->
```
python -m one \\
    --two
old
```
```
python -m not.marked
stays
```
<!-- run slow from="^b" to="d$" -->
```sh
python -m slow
```
"""


def test_a_block_is_a_command_and_its_output():
    first, second = blocks(PAGE)
    assert (first.command, first.shown, first.slow) == ("python -m one --two", "old\n", False)
    assert (second.command, second.shown, second.slow) == ("python -m slow", "", True)
    assert (second.first, second.last) == ("^b", "d$")


def test_output_takes_the_place_of_what_was_there():
    new, stale = rewritten(PAGE, lambda block: f"new of {block.command}  \n\n", slow=False)
    assert new == PAGE.replace("old\n", "new of python -m one --two\n")
    assert stale == ["python -m one --two"]
    assert rewritten(new, lambda block: f"new of {block.command}\n", slow=False) == (new, [])
    lines = "a\nb c\nb d\ne\n"
    new, _ = rewritten(PAGE, lambda _: lines, slow=True)
    assert "python -m slow\n...\nb c\nb d\n...\n```" in new


def test_lines_of_times_are_cut_and_dots_stand_for_each_run_of_them():
    block = Block("python -m one", "", 0, 0, cut="^[bc]|s$")
    assert block.chosen("a\nb\nc\nd\n2 s\ne\n") == "a\n...\nd\n...\ne\n"


@pytest.mark.parametrize(("first", "last"), [("x", ""), ("a", "x"), ("b", "a")])
def test_lines_that_are_not_printed_are_told(first, last):
    block = Block("python -m one", "", 0, 0, first=first, last=last)
    with pytest.raises(RequestError, match="prints no line with"):
        block.chosen("a\nb\n")


def test_a_mark_that_says_something_else_is_refused():
    with pytest.raises(RequestError, match="fast is no option"):
        list(blocks(PAGE.replace("run slow", "run fast")))


def test_a_command_that_fails_is_told_and_a_refusal_is_shown(tmp_path):
    command = "python -m sim config show --preset tinny"
    with pytest.raises(RequestError, match="ends with status 2: error: "):
        printed(Block(command, "", 0, 0), tmp_path)
    said = printed(Block(command, "", 0, 0, status=2), tmp_path)
    assert said.startswith("error: ")
    assert "did you mean tiny" in said
    with pytest.raises(RequestError, match="must begin with python"):
        printed(Block("rm file", "", 0, 0), tmp_path)


def test_files_that_a_page_shows_are_there_for_its_commands(tmp_path):
    shown = "<!-- file say.py -->\n```python\nprint('said')\n```\n"
    text = f"{shown}<!-- run -->\n```\npython say.py\n```\n"
    write_files(text, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["say.py"]
    new, stale = rewritten(text, lambda block: printed(block, tmp_path), slow=False)
    assert stale == ["python say.py"]
    assert new.endswith("python say.py\nsaid\n```\n")


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.name)
def test_a_page_shows_what_its_commands_print(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    assert list(blocks(text)), "nothing would be compared"
    write_files(text, tmp_path)
    new, _ = rewritten(text, lambda block: printed(block, tmp_path), slow=False)
    assert new == text


@pytest.mark.rtl
def test_the_readme_shows_what_its_commands_print(tmp_path):
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert [block.command for block in blocks(text)] == ["python -m sim run --model vww.onnx"]
    new, _ = rewritten(text, lambda block: printed(block, tmp_path), slow=False)
    assert new == text


@pytest.mark.slow
@pytest.mark.rtl
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.name)
def test_a_page_shows_what_its_slow_commands_print(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    write_files(text, tmp_path)
    new, _ = rewritten(text, lambda block: printed(block, tmp_path), slow=True)
    assert new == text
