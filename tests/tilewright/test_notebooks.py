"""The notebooks of docs/ show what they compute."""

import nbformat
import pytest

from tests.tilewright.notebooks import NOTEBOOKS, PICTURE, executed, shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_computes(path, tmp_path):
    saved = nbformat.read(path, as_version=4)
    nbformat.validate(saved)
    outputs = shown(saved)
    assert shown(executed(path, tmp_path)) == outputs
    assert [PICTURE] in outputs
    assert sum(map(bool, outputs)) > 5
    assert not list(tmp_path.iterdir())
