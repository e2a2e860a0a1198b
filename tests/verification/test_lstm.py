"""LSTMs on the whole chip: RTL, functional backend and model."""

import numpy as np
import pytest

from tests.mapper.operators.lstm_of_one import lstm
from tests.mapper.operators.networks_of_one import NetworkOfOne
from tilewright.hw.spec.config import make_config
from tilewright.mapper.compile import compile_model
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.rtl.backend import run_rtl

pytestmark = [pytest.mark.rtl]

DESIGNS = {
    "8x8": {},
    "5x3, two lanes": {"rows": 5, "cols": 3, "requantiser_lanes": 2, "bus_bytes": 4},
    "4x4, little memory": {
        "rows": 4,
        "cols": 4,
        "scratchpad_bytes": 4096,
        "weight_buffer_bytes": 1024,
    },
    "8x8, five lanes": {"requantiser_lanes": 5, "memory_latency": 3},
}
SEEDS = 8


@pytest.mark.parametrize("name", DESIGNS)
def test_random_lstms(name: str) -> None:
    """Every output and state; every cycle by its cause; every event."""
    for seed in range(2000, 2000 + SEEDS):
        network = NetworkOfOne(seed)
        inputs, y = lstm(network, most=(8, 40))
        x = network.values(inputs[0])
        program = compile_model(network.imported(inputs, [y]), make_config(DESIGNS[name]))
        assert program.layers[0].engine == "npu"
        states = {
            state.port.name: network.rng.integers(*_range(state.port.dtype), state.port.shape)
            .astype(state.port.dtype)
            for state in program.states
        }  # fmt: skip
        values = {program.inputs[0].name: x, **states}
        functional = run_functional(program, values)
        chip = run_rtl(program, values)
        for found, wanted in ((chip.outputs, functional.outputs), (chip.states, functional.states)):
            for tensor, expected in wanted.items():
                np.testing.assert_array_equal(found[tensor], expected)
        model = ModelBackend(program).run(cpu_inputs=functional.cpu_inputs)
        assert model.segments == chip.segments, seed


def _range(dtype: str) -> tuple[int, int]:
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max) + 1
