"""What a .tflite file may leave out or hold besides what is needed, and whose an error is."""

from pathlib import Path

import numpy as np
import pytest

from tests.fuzz.draws import Draws
from tests.fuzz.tflite_file import Operator, code_of, read_file, write_file
from tests.fuzz.tflite_networks import tflite_network
from tests.tflite_builder import run_tflm_sequence
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.tflite import flatbuffer
from tilewright.mapper.importers.tflite.importer import import_tflite
from tilewright.sim.functional.backend import FunctionalBackend

PATH = Path("net.tflite")


def check(content: bytes, sequence: list[np.ndarray]) -> None:
    """Inferences one after another equal TFLM's."""
    pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")
    wanted = run_tflm_sequence(content, [[values] for values in sequence])
    program = compile_model(import_tflite(PATH, content), make_config({}))
    backend, states = FunctionalBackend(program), {}
    for values, (expected,) in zip(sequence, wanted, strict=True):
        result = backend.run({program.inputs[0].name: values, **states})
        (found,) = result.outputs.values()
        assert np.array_equal(found, expected)
        states = result.states


@pytest.mark.parametrize("seed", range(5))
def test_operators_without_outputs_serve_variables(seed: int):
    draws = Draws(seed)
    content = write_file(tflite_network("variables", draws))
    check(content, [draws.int8(1, 4) for _ in range(4)])


@pytest.mark.parametrize(("table", "name"), [("SubOptions", "MUL"), (None, "MUL")])
def test_options_of_another_operator_count_as_none(table: str | None, name: str):
    draws = Draws(3)
    file = tflite_network(name, draws)
    operator = file.subgraphs[0].operators[0]
    operator.table, operator.options = table, {"FusedActivationFunction": 1} if table else {}
    (x, *more) = file.subgraphs[0].inputs
    if more:  # TFLM's helper takes one input: the second becomes a constant.
        second = file.subgraphs[0].tensors[more[0]]
        file.buffers.append(draws.int8(*second.shape).tobytes())
        second.buffer, file.subgraphs[0].inputs = len(file.buffers) - 1, [x]
    check(write_file(file), [draws.int8(*file.subgraphs[0].tensors[x].shape)])


def test_shape_without_an_input_is_refused():
    file = tflite_network("RELU", Draws(0))
    file.codes.append(code_of("SHAPE"))
    (graph,) = file.subgraphs
    graph.tensors[graph.outputs[0]].type = 2  # int32
    graph.operators.append(Operator(1, [], list(graph.outputs), None, {}))
    with pytest.raises(RequestError, match="SHAPE"):
        import_tflite(PATH, write_file(file))


@pytest.mark.parametrize("inputs", [[0], [0, -1], []])
def test_an_assignment_of_nothing_is_refused(inputs: list[int]):
    file = tflite_network("variables", Draws(0))
    (assign,) = (o for o in file.subgraphs[0].operators if file.name_of(o) == "ASSIGN_VARIABLE")
    assign.inputs = [assign.inputs[0] + index if index == 0 else index for index in inputs]
    with pytest.raises(RequestError, match="names no variable"):
        import_tflite(PATH, write_file(file))


@pytest.mark.parametrize(("name", "inputs"), [("QUANTIZE", [-1]), ("PACK", [])])
def test_an_operator_without_its_input_is_refused(name: str, inputs: list[int]):
    file = tflite_network(name, Draws(0))
    file.subgraphs[0].operators[0].inputs = inputs
    with pytest.raises(RequestError, match="lacks input 0"):
        import_tflite(PATH, write_file(file))


def test_a_mistake_of_the_reader_is_no_damage_of_the_file(monkeypatch: pytest.MonkeyPatch):
    content = write_file(tflite_network("RELU", Draws(0)))

    def mistaken(values: object) -> tuple[int, ...]:
        raise TypeError("a mistake of ours")

    monkeypatch.setattr(flatbuffer, "_vector", mistaken)
    with pytest.raises(TypeError, match="a mistake of ours"):
        import_tflite(PATH, content)


def test_what_is_read_is_written_again():
    file = tflite_network("classifier", Draws(1))
    assert read_file(write_file(file)) == file
