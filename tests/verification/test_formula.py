"""The mapper's cycle formula is that of the hardware: layer by layer against the RTL's counters."""

import pytest

from tests.mapper.geometry import geometry
from tests.mapper.test_compile import commands
from tests.shared_models import golden, shared_models
from tilewright.hw.spec.commands import COMPUTE_OPCODES, Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.array.array import array_of
from tilewright.mapper.array.cycles import (
    array_cycles,
    command_cycles,
    elementwise_cycles,
    softmax_cycles,
)
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers import import_model
from tilewright.sim.rtl.backend import run_rtl

pytestmark = [pytest.mark.rtl]

TABLE_CYCLES = 10
"""Of a TABLE, besides its words."""


def formula(command: Command, config: NpuConfig) -> tuple[int, int]:
    """Cycles of a compute command whose weights are there, and of one that the bus brings them."""
    if command.opcode is Opcode.ELEMENTWISE:
        return (elementwise_cycles(2 * -(-command["run_bytes"] // config.requantiser_lanes)),) * 2
    if command.opcode is Opcode.SOFTMAX:
        lanes = config.requantiser_lanes
        return (softmax_cycles(command["rows"], command["row_bytes"], lanes),) * 2
    if command.opcode is Opcode.TABLE:
        return (TABLE_CYCLES + command["words"],) * 2
    window, arrangement = geometry(command)
    return (
        array_cycles(window, arrangement, array_of(config)),
        command_cycles(window, arrangement, array_of(config)),
    )


def by_layer(program) -> dict[int, list[tuple[int, int]]]:
    """The formula for each compute command of the program's layers."""
    found: dict[int, list[tuple[int, int]]] = {}
    pending: list[tuple[int, int]] = []
    for command in commands(program):
        if command.opcode is Opcode.MARK:
            found[command["layer"]], pending = pending, []
        elif command.opcode in COMPUTE_OPCODES:
            pending.append(formula(command, program.config.npu))
    return found


@pytest.mark.parametrize("name", ["vww", "kws", "ic", "ad"])
def test_layers_take_what_the_formula_says(name: str) -> None:
    """Within 2% and 25 cycles; less where the ring was full before a layer that the bus limits."""
    graph = import_model(shared_models() / "tflite" / f"{name}.tflite")
    program = compile_model(graph, load_config())
    port = program.inputs[0]
    result = run_rtl(program, {port.name: golden(name)["inputs"][0].reshape(port.shape)})
    expected = by_layer(program)
    checked = 0
    for segment in result.segments:
        if segment.layer is None or segment.engine != "npu":
            continue
        took = sum(segment.causes.values()) - segment.causes["transfer"]
        fewest, most = (sum(cycles) for cycles in zip(*expected[segment.layer], strict=True))
        where = program.layers[segment.layer].name
        assert 0.98 * fewest - 25 <= took <= 1.02 * most + 25, where
        checked += 1
    assert checked == sum(layer.engine == "npu" for layer in program.layers)
