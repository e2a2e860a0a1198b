"""Works of the LSTM unit: what they command, what they cost, and why they are refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.mapper.operators.networks_of_one import NetworkOfOne
from tests.tflite_builder import TfliteBuilder
from tilewright.hw.spec.commands import Command, Opcode, decode_stream
from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import Mapper, compile_model
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.program.program import Program
from tilewright.sim.model.backend import ModelBackend


def lstm_network(
    *,
    steps: int = 6,
    batches: int = 1,
    inputs: int = 10,
    units: int = 12,
    cell_scale: float = 2**-12,
) -> Graph:
    network = NetworkOfOne(3)
    builder: TfliteBuilder = network.builder
    x = builder.tensor("x", (batches, steps, inputs), scale=0.05, zero_point=3)
    operands = [x] + [-1] * 23
    for gate in range(4):
        for place, width in ((1 + gate, inputs), (5 + gate, units)):
            weights = network.int8(units, width)
            operands[place] = builder.constant(f"w{place}", weights, scale=0.005)
        bias = np.zeros(units, np.int32)
        operands[12 + gate] = builder.constant(f"b{gate}", bias, scale=1e-4)
    hidden = {"scale": 1 / 128, "zero_point": 0}
    operands[18] = builder.tensor("hidden", (batches, units), variable=True, **hidden)
    cell = {"dtype": "int16", "scale": cell_scale, "variable": True}
    operands[19] = builder.tensor("cell", (batches, units), **cell)
    y = builder.tensor("y", (batches, steps, units), **hidden)
    builder.lstm(operands, y, time_major=False, cell_clip=0.0)
    return network.imported([x], [y])


def commands_of(program: Program) -> list[Command]:
    (stream,) = (step.values["commands"] for step in program.steps if step.kind.name == "NPU")
    words = program.image[stream - program.base :]
    return decode_stream(np.frombuffer(words[: len(words) // 4 * 4], "<u4").tolist())


def test_weights_of_the_hidden_state_stay_from_the_first_step_to_the_last() -> None:
    commands = commands_of(compile_model(lstm_network(), make_config({})))
    kinds = [c.opcode for c in commands if c.opcode in (Opcode.CONV, Opcode.LSTM)]
    assert kinds == [Opcode.CONV, *[Opcode.CONV, Opcode.LSTM] * 6]
    products, *steps = [c for c in commands if c.opcode is Opcode.CONV]
    assert (products["pixels"], products["channels"], products["keep"]) == (6, 48, 0)
    assert all(c["wide"] for c in (products, *steps))
    assert [c["keep"] for c in steps] == [1, 1, 1, 1, 1, 0]
    # 10 and 12 words and nine of parameters, each of 16 bytes, for three pairs of blocks.
    sent = sum(c["bytes"] for c in commands if c.opcode is Opcode.WEIGHTS)
    assert sent == 3 * 16 * (9 + 10) + 3 * 16 * (9 + 12)


def test_weights_that_do_not_fit_come_again_for_each_step() -> None:
    config = make_config({"weight_buffer_bytes": 1024})
    commands = commands_of(compile_model(lstm_network(units=20), config))
    assert not any(c["keep"] for c in commands if c.opcode is Opcode.CONV)
    sent = sum(c["bytes"] for c in commands if c.opcode is Opcode.WEIGHTS)
    assert sent == 5 * 16 * (9 + 10) + 6 * 5 * 16 * (9 + 20)


def test_time_steps_are_cut_where_their_sums_do_not_fit() -> None:
    """40 steps of 12 units: 96 bytes of sums each."""
    program = compile_model(lstm_network(steps=40), make_config({"scratchpad_bytes": 4096}))
    assert program.layers[0].tiles == 2
    commands = commands_of(program)
    pixels = [c["pixels"] for c in commands if c.opcode is Opcode.CONV and c["pixels"] > 1]
    assert pixels == [20, 20]
    state = [c for c in commands if c.opcode is Opcode.LSTM]
    moved = [c["cell_address"] != c["next_cell_address"] for c in state]
    assert moved == [True] + [False] * 39


@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.parametrize(("units", "ring"), [(20, 16384), (20, 1024), (40, 16384)])
def test_price_is_near_what_the_model_counts(units: int, ring: int, batches: int) -> None:
    config = make_config({"weight_buffer_bytes": ring})
    mapper = Mapper(lstm_network(steps=12, units=units, batches=batches))
    result = ModelBackend(mapper.program(config)).run()
    counted = sum(s.cycles for s in result.segments if s.layer == 0 and s.engine == "npu")
    assert 0.85 <= priced(mapper, config) / counted <= 1.1


def priced(mapper: Mapper, config: Config) -> int:
    from tilewright.mapper.array.array import array_of
    from tilewright.mapper.works.geometry import Tiling

    (op,) = mapper.rewritten.ops
    (work,) = op.operator.works(mapper.rewritten.site(op), config.npu)
    return work.price(Tiling(*work.extent), array_of(config.npu))[0]


@pytest.mark.parametrize(
    ("config", "network", "reason"),
    [
        (make_config({"recurrent_unit": False}), {}, "no unit for LSTMs"),
        (make_config({"rows": 16, "cols": 16}), {}, "need port_bytes of at least 32, not 16"),
        (load_config("icebreaker"), {}, "control = microcode"),
        (make_config({}), {"cell_scale": 0.0003}, "no power of two from 2"),
        (make_config({}), {"cell_scale": 0.25}, "no power of two from 2"),
        (make_config({"scratchpad_bytes": 4096}), {"units": 300}, "a time step needs"),
        (make_config({"weight_buffer_bytes": 1024}), {"inputs": 200}, "weight_buffer_bytes = 1024"),
        (make_config({"accumulator_bits": 20}), {"inputs": 200}, "accumulator_bits = 20"),
    ],
)
def test_reasons_to_stay_on_the_cpu(config: Config, network, reason: str) -> None:
    (layer,) = compile_model(lstm_network(**network), config).layers
    assert layer.engine == "cpu"
    assert reason in layer.reason
