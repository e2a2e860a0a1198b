"""The names of `tilewright`."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tilewright

SOURCE = Path(tilewright.__file__).read_text()


def test_every_public_name_is_there():
    for name in tilewright.__all__:
        assert getattr(tilewright, name) is not None
    assert set(tilewright.__all__) <= set(dir(tilewright))
    assert tilewright.__version__.count(".") == 2


def test_what_type_checkers_see_is_what_is_loaded():
    """The same modules and names, though they stand in the file twice."""
    seen = {
        alias.asname or alias.name: node.module
        for block in ast.parse(SOURCE).body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == tilewright._PLACES
    assert sorted(seen) == sorted(tilewright.__all__)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = tilewright.lod


def test_importing_loads_nothing_that_is_not_asked_for():
    """The mapper, the bench in the simulator and workers import the package as well."""
    script = "import sys, tilewright; print('numpy' in sys.modules, len(dir(tilewright)) > 20)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]
