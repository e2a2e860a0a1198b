"""Random commands of all units and the array: chip, model and functional backend."""

import numpy as np
import pytest

from tests.command_programs import COMPUTED, CommandProgram
from tilewright.hw.spec.config import make_config
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.rtl.backend import run_rtl

DESIGNS = {
    "8x8": {},
    "5x3, two lanes": {"rows": 5, "cols": 3, "requantiser_lanes": 2, "bus_bytes": 4},
    "16x4, wide port": {"rows": 16, "cols": 4, "port_bytes": 32, "bus_bytes": 16},
    "8x8, narrow port": {"port_bytes": 8, "scratchpad_banks": 2, "memory_latency": 3},
    "without tables": {"rows": 4, "cols": 4, "table_unit": False},
    "without the element-wise unit": {"rows": 4, "cols": 4, "elementwise_unit": False},
    "without the mover": {"rows": 4, "cols": 4, "move_unit": False},
    "without the softmax unit": {"rows": 4, "cols": 4, "softmax_unit": False},
    "8x8, one lane": {"requantiser_lanes": 1},
    "without the LSTM unit": {"rows": 4, "cols": 4, "recurrent_unit": False},
}
SEEDS = 4
COMMANDS = 60
EVENTS = ("mac", "requantise", "weight_buffer_read_words", "elementwise", "table")
"""Those that the functional backend counts and the DMA has no part in."""


def random_program(name, seed):
    config = make_config(DESIGNS[name])
    program = CommandProgram(config, seed).random(COMMANDS)
    x = np.random.default_rng(seed).integers(-128, 128, COMPUTED).astype(np.int8)
    return program, {"x": x}


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("seed", range(2))
def test_the_model_counts_what_the_functional_backend_does(name, seed):
    program, inputs = random_program(name, seed)
    functional = run_functional(program, inputs)
    model = ModelBackend(program).run()
    counted = {segment.layer: segment.events for segment in model.segments if segment.events}
    for layer, events in enumerate(functional.events):
        for event in EVENTS:
            assert counted[layer][event] == events.get(event, 0), (layer, event)


@pytest.mark.rtl
@pytest.mark.parametrize("name", DESIGNS)
def test_the_chip_does_what_the_backends_say(name):
    """Every byte; every cycle by its cause; every event."""
    for seed in range(SEEDS):
        program, inputs = random_program(name, seed)
        functional, model = run_functional(program, inputs), ModelBackend(program).run()
        chip = run_rtl(program, inputs)
        assert np.array_equal(chip.outputs["y"], functional.outputs["y"])
        for ours, theirs in zip(model.segments, chip.segments, strict=True):
            assert ours.causes == theirs.causes, (seed, ours.layer)
            assert ours.events == theirs.events, (seed, ours.layer)
