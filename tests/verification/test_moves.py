"""Random MOVEs beside transfers: Python, the functional backend, the model and the chip agree."""

import random

import numpy as np
import pytest

from tests.stream_program import random_moves_program
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.settings import load_config
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.rtl.backend import run_rtl

DESIGNS = {
    "default": ["scratchpad_bytes=8192"],
    "narrow port, two banks": [
        *("rows=4", "cols=3", "port_bytes=8", "bus_bytes=4", "requantiser_lanes=3"),
        *("scratchpad_banks=2", "scratchpad_bytes=4096"),
    ],
    "wide port, eight banks": [
        *("rows=5", "cols=2", "port_bytes=32", "bus_bytes=32", "scratchpad_banks=8"),
        "scratchpad_bytes=4864",
    ],
}


def check_functional(seed: int, config: Config, count: int = 24):
    program, given, wanted = random_moves_program(random.Random(seed), config, count)
    inputs = {"input": np.frombuffer(given, np.int8)}
    outputs = run_functional(program, inputs).outputs
    assert outputs["output"].tobytes() == wanted
    return program, inputs, outputs


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("seed", range(20))
def test_functional(seed: int, design: str) -> None:
    check_functional(seed, load_config(sets=DESIGNS[design]))


@pytest.mark.rtl
@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("seed", range(6))
def test_chip_and_model(seed: int, design: str) -> None:
    program, inputs, outputs = check_functional(seed, load_config(sets=DESIGNS[design]))
    chip = run_rtl(program, inputs)
    np.testing.assert_array_equal(chip.outputs["output"], outputs["output"])
    for ours, theirs in zip(ModelBackend(program).run().segments, chip.segments, strict=True):
        assert (ours.layer, ours.engine) == (theirs.layer, theirs.engine)
        assert ours.events == theirs.events
        assert ours.causes == theirs.causes
