"""What a step on the CPU has read of others, in whatever order it reads."""

import numpy as np

from tests.mapper.operators.networks_of_one import NetworkOfOne
from tilewright.hw.spec.config import make_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.tflite.importer import import_tflite
from tilewright.sim.functional.backend import FunctionalBackend


def test_a_step_that_goes_backwards(tmp_path):
    network = NetworkOfOne(0)
    quant = {"scale": 0.1, "zero_point": 3}
    x, y = (network.builder.tensor(name, (3, 4, 5), **quant) for name in "xy")
    axes = network.builder.constant("axes", np.array([0], np.int32))
    network.builder.operator("REVERSE_V2", [x, axes], [y])
    content = network.builder.finish([x], [y])
    program = compile_model(
        import_tflite(tmp_path / "net.tflite", content), make_config({"npu": "none"})
    )
    values = network.int8(3, 4, 5)
    (found,) = FunctionalBackend(program).run({"x": values}).outputs.values()
    assert np.array_equal(found, values[::-1])
