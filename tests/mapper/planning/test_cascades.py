"""Which layers become cascades: those between which a tensor has no room, where it pays."""

import pytest

from tests.mapper.networks import Sketch
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.planning import cascades
from tilewright.sim.model.backend import ModelBackend


def inverted_residual(*, outputs=("y",), reads_twice=False):
    """24 x 24 x 8 are expanded to 64 channels, which a window of 3 x 3 takes, and projected."""
    s = Sketch(shape=(1, 24, 24, 8))
    s.conv("x", "wide", 64)
    s.depthwise("wide", "deep")
    s.conv("deep", "y", 8)
    if reads_twice:
        s.conv("wide", "z", 4)
        outputs = ("y", "z")
    return s.graph(*outputs)


def program(graph, *sets):
    return compile_model(graph, load_config(sets=sets))


def never_whole(found) -> list[str]:
    return [layer.tensor for layer in found.layers if layer.output is None]


def test_what_fits_stays_apart():
    assert never_whole(program(inverted_residual(), "scratchpad_bytes=131072")) == []


def test_what_does_not_fit_is_never_whole():
    found = program(inverted_residual(), "scratchpad_bytes=24576")
    assert never_whole(found) == ["wide", "deep"]
    memory = {use.name for use in found.memory_plan if use.space == "memory"}
    assert memory == {"x", "y"}
    areas = [use for use in found.memory_plan if ".held." in use.name]
    assert len(areas) == 2
    assert all(use.bytes % (24 * 64) == 0 or use.bytes % (22 * 64) == 0 for use in areas)
    assert len({layer.tiles for layer in found.layers}) == 1
    assert found.layers[0].tiles > 1
    assert found.profile_records == 3 * found.layers[0].tiles


@pytest.mark.parametrize(
    "graph", [inverted_residual(outputs=("y", "wide")), inverted_residual(reads_twice=True)]
)
def test_what_others_read_is_whole(graph):
    assert "wide" not in never_whole(program(graph, "scratchpad_bytes=16384"))


def test_without_a_mover_no_row_is_read_twice():
    found = program(inverted_residual(), "scratchpad_bytes=16384", "move_unit=false")
    assert never_whole(found) == ["deep"]


def test_without_an_accelerator_there_are_none():
    assert never_whole(program(inverted_residual(), "npu=none")) == []


def test_it_is_faster(monkeypatch):
    together = ModelBackend(program(inverted_residual(), "scratchpad_bytes=16384")).run().cycles
    monkeypatch.setattr(cascades._Search, "chains", lambda _: [])
    apart = ModelBackend(program(inverted_residual(), "scratchpad_bytes=16384")).run().cycles
    assert together < 0.85 * apart
