"""Random networks that keep states from inference to inference, and what they must compute."""

from dataclasses import replace

import numpy as np

from tests.mapper.graph_executor import execute
from tests.mapper.networks import Sketch
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.operators.softmax import Softmax


def random_streaming(seed: int) -> Graph:
    """Two to four stages, each with a state that is shifted, summed, replaced or kept twice."""
    rng = np.random.default_rng(seed)
    width, channels = int(rng.integers(1, 7)), int(rng.choice([4, 7, 16, 24]))
    s = Sketch(shape=(1, 1, width, channels))
    y = "x"
    for number in range(int(rng.integers(2, 5))):
        stage = STAGES[int(rng.integers(len(STAGES)))]
        y = stage(s, y, f"{number} {stage.__name__}", int(rng.integers(2, 7)))
    assigned = [state.writes for state in s.states]
    outputs = [y, assigned[0]] if rng.integers(2) else [y]
    return s.graph(*dict.fromkeys(outputs))


def joined_then_cut(s: Sketch, x: str, name: str, rows: int) -> str:
    """The old value is over when the next one is cut out of what it was joined with."""
    old = _rows(s, x, f"{name} old", rows)
    joined = s.concatenation([old, x], f"{name} joined", 1)
    s.assign(old, s.slice(joined, f"{name} next", 1))
    return s.conv(joined, name, s.tensors[x].shape[3], (rows + 1, 1))


def cut_then_joined(s: Sketch, x: str, name: str, rows: int) -> str:
    """Part of the old value is part of the next one."""
    old = _rows(s, x, f"{name} old", rows)
    following = s.concatenation([s.slice(old, f"{name} cut", 1), x], f"{name} next", 1)
    s.assign(old, following)
    return s.conv(following, name, s.tensors[x].shape[3], (rows, 1))


def read_late(s: Sketch, x: str, name: str, _: int) -> str:
    """The old value is read again when the next one is there."""
    following = s.conv(x, f"{name} next", s.tensors[x].shape[3])
    s.assign(s.like(following, f"{name} old"), following)
    return s.add(following, f"{name} old", name)


def summed(s: Sketch, x: str, name: str, _: int) -> str:
    old = s.like(x, f"{name} old")
    following = s.add(old, s.conv(x, f"{name} in", s.tensors[x].shape[3]), f"{name} next")
    s.tensors[old] = _renamed(s, following, old)
    s.assign(old, following)
    return s.conv(following, name, s.tensors[x].shape[3])


def twice(s: Sketch, x: str, name: str, _: int) -> str:
    """Two states that are assigned the same tensor."""
    following = s.conv(x, f"{name} next", s.tensors[x].shape[3])
    for which in ("first", "second"):
        s.assign(s.like(following, f"{name} {which}"), following)
    both = s.add(f"{name} first", f"{name} second", f"{name} both")
    return s.add(both, following, name)


def on_the_cpu(s: Sketch, x: str, name: str, _: int) -> str:
    """The next value is one that the accelerator does not compute."""
    following = s.activation(f"{name} next", s.tensors[x].shape, 1 / 256, -128)
    s.op(Softmax(), [x], following)
    s.assign(s.like(following, f"{name} old"), following)
    return s.add(following, f"{name} old", name)


STAGES = (joined_then_cut, cut_then_joined, read_late, summed, twice, on_the_cpu)


def _rows(s: Sketch, x: str, name: str, rows: int) -> str:
    shape = s.tensors[x].shape
    return s.like(x, name, shape=(1, rows, *shape[2:]))


def _renamed(s: Sketch, tensor: str, name: str) -> Tensor:
    return replace(s.tensors[tensor], name=name)


def random_rows(graph: Graph, seed: int, count: int) -> list[dict[str, np.ndarray]]:
    """Inputs of so many inferences."""
    rng = np.random.default_rng(seed)
    (name,) = graph.inputs
    shape = graph.tensors[name].shape
    return [{name: rng.integers(-128, 128, shape, dtype=np.int8)} for _ in range(count)]


def expected(graph: Graph, rows, *, reset: bool):
    """Outputs and states behind each inference, by the arithmetic of hw.spec alone."""
    found = []
    states = first = {state.reads: state.initial for state in graph.states}
    for row in rows:
        values = execute(graph, {**row, **states})
        after = {state.reads: values[state.writes] for state in graph.states}
        found.append(({name: values[name] for name in graph.outputs}, after))
        states = first if reset else after
    return found
