"""Element-wise works and tables from the graph to the functional backend."""

import random

import numpy as np
import pytest

from tests.hw.npu.reference import combine, scale
from tests.mapper.networks import Sketch
from tests.mapper.probes import Binary, Function
from tilewright.hw.spec.commands import EXACT_SCALE, Opcode, Operation
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import NPU
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.operators.element_works import Factors, spread
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend

DESIGNS = {
    "default": {},
    "4 KiB, 3 lanes": {"scratchpad_bytes": 4096, "rows": 5, "cols": 3, "requantiser_lanes": 3},
    "narrow": {"port_bytes": 8, "scratchpad_bytes": 8192, "rows": 4, "cols": 4},
}
SHAPES = [
    ((1, 6, 5, 19), (1, 6, 5, 19)),
    ((1, 6, 5, 19), (1, 1, 1, 19)),
    ((1, 6, 5, 19), (1, 6, 5, 1)),
    ((1, 6, 5, 19), (1, 1, 5, 19)),
    ((1, 6, 5, 19), (1, 6, 1, 19)),
    ((1, 6, 5, 19), (1, 1, 5, 1)),
    ((1, 6, 5, 19), (1, 1, 1, 1)),
    ((1, 6, 5, 19), (19,)),
    ((1, 1, 5, 19), (1, 6, 5, 1)),
    ((1, 6, 1, 1), (1, 1, 5, 1)),
    ((1, 40, 30, 8), (1, 1, 1, 8)),
    ((1, 40, 30, 8), (1, 40, 30, 1)),
    ((1, 1900), (1, 1900)),
]


def commands(program):
    return [c for step in program.steps if step.kind is NPU for c in program.commands(step)]


def random_factors(rng, operation):
    multiplier = lambda: rng.randint(1 << 30, (1 << 31) - 1)  # noqa: E731
    if operation in (Operation.ADD, Operation.A_MINUS_B, Operation.B_MINUS_A):
        a, b = ((multiplier(), rng.randint(-4, 0)) for _ in "ab")
        return Factors(a=a, b=b, output=(multiplier(), rng.randint(-18, -16)))
    shift = rng.randint(-8, -5) if operation is Operation.MULTIPLY else 1
    return Factors(output=(multiplier() if shift < 1 else 1 << 30, shift))


def expected(operation, factors, a, b, zeros, keeps):
    """Element by element in plain integers."""
    c = {"operation": int(operation)}
    for side, (multiplier, shift), zero in zip("ab", (factors.a, factors.b), zeros, strict=False):
        c |= {
            f"{side}_multiplier": multiplier,
            f"{side}_shift": shift,
            f"{side}_zero_point": 0 if keeps else zero,
        }
    zero = 0 if keeps else zeros[2]

    def one(x, y):
        value = scale(combine(c, int(x), int(y)), *factors.output) + zero
        return min(max(value, -120), 125)

    return np.vectorize(one)(*np.broadcast_arrays(a, b)).astype(np.int8)


def binary_case(seed, shapes, constant, turned):
    """(graph, inputs, result) of one operation on two tensors or on a tensor and a constant."""
    rng = random.Random(seed)
    operation = rng.choice([o for o in Operation if o is not Operation.B_ALONE])
    factors = random_factors(rng, operation)
    keeps = operation in (Operation.MAXIMUM, Operation.MINIMUM)
    zeros = [rng.randint(-128, 127) for _ in range(3)]
    shapes = shapes[::-1] if turned else shapes
    values = [
        np.random.default_rng(seed + i).integers(-128, 128, shape).astype(np.int8)
        for i, shape in enumerate(shapes)
    ]
    names = ["p", "q"]
    data = [None, None]
    if constant:
        smaller = min((0, 1), key=lambda side: values[side].size)
        data[smaller] = values[smaller]
    tensors = [
        Tensor(name, shape, "int8", Quant((0.1,), (zero,)), given)
        for name, shape, zero, given in zip(names, shapes, zeros, data, strict=False)
    ]
    result = np.broadcast_shapes(*shapes)
    tensors.append(Tensor("r", result, "int8", Quant((0.1,), (zeros[2],))))
    op = Op("op", Binary(operation=operation, factors=factors, keeps_bytes=keeps), ("p", "q"),
            ("r",))  # fmt: skip
    inputs = {n: v for n, v, given in zip(names, values, data, strict=True) if given is None}
    graph = Graph.build("binary", tensors, [op], list(inputs), ["r"])
    return graph, inputs, expected(operation, factors, *values, zeros, keeps)


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_operands_of_all_shapes(name, shapes):
    for seed in range(4):
        graph, inputs, wanted = binary_case(seed, shapes, seed % 2, seed // 2)
        program = compile_model(graph, make_config(DESIGNS[name]))
        assert [layer.engine for layer in program.layers] == ["npu"]
        result = run_functional(program, inputs)
        np.testing.assert_array_equal(result.outputs["r"], wanted)
        model = ModelBackend(program).run()
        assert model.cycles == sum(segment.cycles for segment in model.segments)


def test_shapes_as_images():
    both = (True, True, True)
    assert spread((1, 6, 5, 19), (1, 6, 5, 19)) == ((1, 1, 570), both, both)
    assert spread((1, 6, 5, 19), (19,)) == ((1, 30, 19), both, (True, False, True))
    assert spread((6, 5, 1), (1, 5, 19)) == (
        (6, 5, 19), (True, True, False), (False, True, True),
    )  # fmt: skip
    assert spread((2, 1, 3, 1), (1, 4, 1, 5)) is None


def test_what_alternates_too_often_is_not_for_the_accelerator():
    operator = Binary(operation=Operation.ADD, factors=Factors(output=(1 << 30, 1)))
    tensors = [
        Tensor(name, shape, "int8", Quant((0.1,), (0,)))
        for name, shape in (("p", (2, 1, 3, 1)), ("q", (1, 4, 1, 5)), ("r", (2, 4, 3, 5)))
    ]
    graph = Graph.build("g", tensors, [Op("op", operator, ("p", "q"), ("r",))], ["p", "q"], ["r"])
    assert "change more than 2 times" in operator.objection(graph.site(graph.ops[0]))


TABLES = [random.Random(seed).randbytes(256) for seed in range(3)]


def through(values, *tables):
    for table in tables:
        values = np.frombuffer(table, np.int8)[values.view(np.uint8)]
    return values


@pytest.mark.parametrize("name", DESIGNS)
def test_a_function_alone(name):
    sketch = Sketch(shape=(1, 30, 20, 5))
    y = sketch.op(Function(entries=TABLES[0]), ["x"], sketch.like("x", "y"))
    program = compile_model(sketch.graph(y), make_config(DESIGNS[name]))
    x = np.random.default_rng(1).integers(-128, 128, (1, 30, 20, 5)).astype(np.int8)
    found = run_functional(program, {"x": x}).outputs["y"]
    np.testing.assert_array_equal(found, through(x, TABLES[0]))
    assert sum(c.opcode is Opcode.TABLE for c in commands(program)) == 1


@pytest.mark.parametrize("name", DESIGNS)
def test_functions_behind_other_operators_cost_no_command(name):
    """Behind a convolution, a sum in place and another function; two tables stay on the chip."""
    plain, sketch = Sketch(), Sketch()
    for net in (plain, sketch):
        net.conv("x", "c", 9)
        net.conv("x", "d", 9)
    sketch.op(Function(entries=TABLES[0]), ["c"], sketch.like("c", "tc"))
    sketch.op(Function(entries=TABLES[1]), ["d"], sketch.like("d", "td"))
    sketch.add("tc", "td", "s")
    sketch.op(Function(entries=TABLES[0]), ["s"], sketch.like("s", "ts"))
    sketch.op(Function(entries=TABLES[2]), ["ts"], sketch.like("ts", "y"))
    config = make_config(DESIGNS[name])
    graph = sketch.graph("y")
    program = compile_model(graph, config)
    assert [layer.op for layer in program.layers] == ["CONV_2D", "CONV_2D", "ADD", "FUNCTION"]
    x = np.random.default_rng(2).integers(-128, 128, (1, 6, 5, 3)).astype(np.int8)
    reference = run_functional(compile_model(plain.graph("c", "d"), config), {"x": x}).outputs
    result = run_functional(program, {"x": x}, trace=True)
    operands = [through(reference[n], TABLES[i]) for i, n in enumerate("cd")]
    for tensor, values in zip(("tc", "td"), operands, strict=True):
        np.testing.assert_array_equal(result.trace[tensor], values)
    added = Sketch(shape=(1, 6, 5, 9))
    added.activation("o", (1, 6, 5, 9), 0.6, -4)
    added.activation("p", (1, 6, 5, 9), 0.6, -4)
    added.add("o", "p", "s")
    sums = Graph.build("sums", added.tensors.values(), added.ops, ["o", "p"], ["s"])
    inputs = dict(zip("op", operands, strict=True))
    total = run_functional(compile_model(sums, config), inputs).outputs["s"]
    np.testing.assert_array_equal(result.outputs["y"], through(total, TABLES[0], TABLES[2]))
    assert sum(c.opcode is Opcode.TABLE for c in commands(program)) == 3


def test_a_tensor_with_other_readers_keeps_its_values():
    sketch = Sketch()
    sketch.conv("x", "c", 4)
    sketch.op(Function(entries=TABLES[0]), ["c"], sketch.like("c", "y"))
    program = compile_model(sketch.graph("y", "c"), make_config({}))
    assert [layer.op for layer in program.layers] == ["CONV_2D", "FUNCTION"]
    x = np.random.default_rng(3).integers(-128, 128, (1, 6, 5, 3)).astype(np.int8)
    outputs = run_functional(program, {"x": x}).outputs
    np.testing.assert_array_equal(outputs["y"], through(outputs["c"], TABLES[0]))


@pytest.mark.parametrize(
    ("sets", "operator", "reason"),
    [
        ({"elementwise_unit": False}, "ADD", "no element-wise unit"),
        ({"control": "microcode", "rows": 4, "bus_bytes": 4, "memory_bytes": 1 << 18}, "ADD",
         "control = microcode has no ADD"),
    ],
)  # fmt: skip
def test_what_a_design_lacks_goes_to_the_cpu(sets, operator, reason):
    sketch = Sketch()
    sketch.add(sketch.conv("x", "a", 4), sketch.conv("x", "b", 4), "s")
    program = compile_model(sketch.graph("s"), make_config(sets))
    layer = next(layer for layer in program.layers if layer.op == operator)
    assert layer.engine == "cpu"
    assert reason in layer.reason


def test_why_a_function_needs_its_units():
    sketch = Sketch()
    y = sketch.op(Function(entries=TABLES[0]), ["x"], sketch.like("x", "y"))
    graph = sketch.graph(y)
    (work,) = graph.ops[0].operator.works(graph.site(graph.ops[0]), NpuConfig())
    assert work.objection(make_config({}).npu) is None
    assert "no table unit" in work.objection(make_config({"table_unit": False}).npu)
    assert "no element-wise unit" in work.objection(make_config({"elementwise_unit": False}).npu)


def test_limits_of_a_work():
    graph, _, _ = binary_case(0, ((1, 200, 200, 1), (1, 200, 200, 1)), True, False)
    (work,) = graph.ops[0].operator.works(graph.site(graph.ops[0]), NpuConfig())
    assert "40000 bytes, more than half" in work.objection(make_config({}).npu)
    factors = Factors(a=EXACT_SCALE, b=EXACT_SCALE, output=(1 << 30, 9))
    operator = Binary(operation=Operation.MULTIPLY, factors=factors)
    (work,) = operator.works(graph.site(graph.ops[0]), NpuConfig())
    assert "shifts left by 9 bits" in work.objection(make_config({"scratchpad_bytes": 1 << 18}).npu)
