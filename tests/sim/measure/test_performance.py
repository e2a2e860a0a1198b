"""What the performance tables say beside the measured cycles."""

from collections import Counter
from pathlib import Path

import pytest

from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers import import_model
from tilewright.sim.measure.performance import REST, kinds_of, unpaired_steps
from tilewright.sim.networks.zoo import zoo_model

TILES_8 = {
    "ad": 16 * (640 + 3 * 128) + 128 + 16 * (8 + 3 * 128) + 80 * 128,
    "kws": 8 * 16 * (40 + 4 * (9 + 64)) + 2 * 64,
}
"""Blocks of 8 channels x tiles of 8 pixels x taps, layer by layer."""


def zoo_file(name: str, folder: Path) -> Path:
    path = folder / f"{name}.onnx"
    path.write_bytes(zoo_model(name))
    return path


@pytest.mark.parametrize("name", TILES_8)
def test_steps_of_an_unpaired_array(name: str, tmp_path: Path) -> None:
    assert unpaired_steps(import_model(zoo_file(name, tmp_path)), 8, 8) == TILES_8[name]


def test_every_layer_has_its_kind(tmp_path: Path) -> None:
    graph = import_model(zoo_file("vww", tmp_path))
    kinds = Counter(kinds_of(graph, compile_model(graph, load_config())))
    assert kinds == {
        "convolution": 1,
        "pointwise": 13,
        "depthwise": 13,
        REST: 1,
        "fully connected": 1,
        "softmax": 1,
    }
