"""docs/api.md: what docstrings tell, and examples that run."""

import re

import tilewright
from tilewright.api.reference import GROUPS, PAGE, page

UNDESCRIBED = {"PRESETS", "ZOO_NAMES", "RunResult", "__version__"}
"""Public names that the page needs no part for: constants, and what `to_dict` gives as JSON."""

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_page_is_up_to_date_and_has_every_name():
    text = PAGE.read_text()
    assert page(text) == text, "run: python -m tilewright.api.reference"
    described = {name for names in GROUPS.values() for name in names}
    assert described | UNDESCRIBED == set(tilewright.__all__)
    assert "- `verify_front`: simulate the points of the front in RTL." in text
    assert "`int`. Of the inference, from the firmware's call" in text


def test_the_examples_run(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    examples = BLOCK.findall(PAGE.read_text().partition("<!-- Below")[0])
    assert len(examples) == 4
    names = {}
    for example in examples:
        exec(example, names)
    assert isinstance(names["best"], tilewright.Config)
    assert len(names["front"]) >= 1
    assert capsys.readouterr() == ("", "")
