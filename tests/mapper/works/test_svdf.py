"""Works of SVDF: why they are refused, and what they command."""

from __future__ import annotations

import numpy as np
import pytest

from tests.mapper.operators.networks_of_one import NetworkOfOne
from tests.mapper.works.test_lstm import commands_of
from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.graph import Graph


def svdf_network(*, slots: int = 8, zero_point: int = 0, dtype: str = "int8") -> Graph:
    """16 units of rank 2 that see 10 inputs."""
    network = NetworkOfOne(4)
    builder = network.builder
    x = builder.tensor("x", (1, 10), scale=0.05, zero_point=3)
    operands = [
        x,
        builder.constant("features", network.int8(32, 10), scale=0.005),
        builder.constant("times", network.int8(32, slots).astype(dtype), scale=0.01),
        builder.constant("bias", np.zeros(16, np.int32), scale=0.001),
        builder.tensor(
            "state", (1, 32 * slots), dtype=dtype, variable=True, scale=0.1, zero_point=zero_point
        ),
    ]
    y = builder.tensor("y", (1, 16), scale=0.2, zero_point=0)
    builder.svdf(operands, y, rank=2)
    return network.imported([x], [y])


@pytest.mark.parametrize("zero_point", [0, -5])
def test_commands(zero_point: int) -> None:
    """Only a zero point needs a table, and only what is new goes through it."""
    commands = commands_of(compile_model(svdf_network(zero_point=zero_point), make_config({})))
    computes = [c for c in commands if c.opcode.value >= Opcode.CONV.value]
    table = [Opcode.TABLE] if zero_point else []
    conv = [Opcode.MOVE, Opcode.MOVE, Opcode.CONV, Opcode.MOVE, Opcode.DEPTHWISE]
    assert [c.opcode for c in computes] == table + conv
    assert [bool(c.values.get("table")) for c in computes[-5:]] == [
        *(False, False, bool(zero_point), False, False)
    ]


def test_one_slot_moves_nothing_old() -> None:
    commands = commands_of(compile_model(svdf_network(slots=1), make_config({})))
    assert sum(c.opcode is Opcode.MOVE for c in commands) == 1


@pytest.mark.parametrize(
    ("config", "network", "reason"),
    [
        (make_config({"move_unit": False}), {}, "move_unit = false"),
        (make_config({"table_unit": False}), {"zero_point": 3}, "table_unit = false"),
        (load_config("icebreaker"), {}, "control = microcode"),
        (make_config({}), {"dtype": "int16"}, "its state is int16"),
        (make_config({}), {"slots": 256}, "256 slots and a rank of 2 exceed 255"),
        (make_config({"scratchpad_bytes": 4096}), {"slots": 60}, "cannot be divided"),
    ],
)
def test_reasons_to_stay_on_the_cpu(config: Config, network, reason: str) -> None:
    (layer,) = compile_model(svdf_network(**network), config).layers
    assert layer.engine == "cpu"
    assert reason in layer.reason
