"""The model backend against the chip's counters."""

import pytest

from tests.shared_models import golden, shared_models
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers import import_model
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.rtl.backend import run_rtl

pytestmark = [pytest.mark.rtl]


def predicted_and_measured(program, inputs):
    return ModelBackend(program).run(
        cpu_inputs=run_functional(program, inputs).cpu_inputs
    ), run_rtl(program, inputs)


@pytest.mark.parametrize("name", ["vww", "kws", "ic", "ad"])
def test_networks_are_predicted(name: str) -> None:
    """To the cycle, with each cause and event."""
    program = compile_model(
        import_model(shared_models() / "tflite" / f"{name}.tflite"), load_config()
    )
    port = program.inputs[0]
    inputs = {port.name: golden(name)["inputs"][0].reshape(port.shape)}
    model, chip = predicted_and_measured(program, inputs)
    assert model.cycles == chip.cycles
    for ours, theirs in zip(model.segments, chip.segments, strict=True):
        assert ours == theirs
