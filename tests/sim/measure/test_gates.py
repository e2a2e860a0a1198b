"""Which areas in the cache may be used."""

from pathlib import Path

import pytest

from tilewright.hw.spec.settings import load_config
from tilewright.sim.measure import gates
from tilewright.verification import area

FLOW = Path(area.__file__).parent


@pytest.mark.parametrize("name", ["synthesis.py", "map_gates.py", "cells_45nm.genlib"])
def test_an_area_is_known_no_more_when_its_gates_are_counted_otherwise(name, tmp_path, monkeypatch):
    for path in FLOW.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(gates, "FLOW", tmp_path)

    def key():
        gates._flow.cache_clear()
        return gates._key(load_config())

    before = key()
    with (tmp_path / name).open("a") as file:
        file.write("\n# Otherwise.\n")
    assert key() != before
    monkeypatch.undo()
    assert key() == before
