"""The simulation is deterministic: a change of these counts is a change of the hardware's speed.

Cycles of one inference on the default array, everything included, on each network's first
reference input. Faster or slower on purpose: update the count, and docs/performance.md with it.
"""

import pytest

from tests.shared_models import golden, shared_models
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers import import_model
from tilewright.sim.rtl.backend import run_rtl

CYCLES = {"vww": 130_032, "kws": 45_608, "ic": 204_123, "ad": 35_715}


@pytest.mark.rtl
@pytest.mark.parametrize("name", CYCLES)
def test_cycles_are_as_documented(name: str) -> None:
    graph = import_model(shared_models() / "tflite" / f"{name}.tflite")
    program = compile_model(graph, load_config())
    port = program.inputs[0]
    result = run_rtl(program, {port.name: golden(name)["inputs"][0].reshape(port.shape)})
    assert result.cycles == CYCLES[name]
