"""Data sets: classes, labels, counts."""

import numpy as np
import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op, State
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.operators.elementwise import Add
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.progress import silent, told_to
from tilewright.sim.run.classify import classify
from tilewright.sim.run.inferences import Inferences

Q = Quant((1.0,), (0,))


def network(shape=(1, 4), outputs=("next",)):
    """The output is the input and a state, which is 10 in its last place at first, else 0."""
    tensors = [Tensor(name, shape, "int8", Q) for name in ("x", "sum", "next")]
    initial = np.zeros(shape, np.int8)
    initial.reshape(-1)[-1] = 10
    graph = Graph.build(
        "adder",
        tensors,
        [Op("add", Add(), ("sum", "x"), ("next",))],
        ["x"],
        list(outputs),
        states=[State("sum", "next", initial)],
    )
    return NetworkFile(name="adder", path="adder", sha256="0", graph=graph)


ROWS = [[9, 8, 0, 0], [20, 0, 0, 0], [0, 20, 0, 0], [0, 0, 10, 0], [0, 0, 0, 5], [-9, -9, -9, -19]]
CLASSES = [3, 0, 1, 2, 3, 0]
"""The largest of each row with 10 on its last value: of equal ones (10, 10; -9, ...) the first."""


def classified(labels, net=None, rows=ROWS, progress=None):
    given = Inferences(rows=[{"x": np.array([row], np.int8)} for row in rows])
    return classify(net or network(), load_config(), given, labels, progress or silent())


def test_each_row_has_the_class_of_its_largest_output():
    found = classified([3, 0, 0, -1, 3, 1])
    np.testing.assert_array_equal(found.predicted, CLASSES)
    assert (found.samples, found.correct, found.accuracy, found.classes) == (5, 3, 3 / 5, 4)
    expected = np.zeros((4, 4))
    expected[3, 3], expected[0, 0], expected[0, 1], expected[1, 0] = 2, 1, 1, 1
    np.testing.assert_array_equal(found.confusion, expected)
    assert found.notes == ("1 row has no label (-1): left out of the counts.",)
    assert "60.0" in repr(found)
    assert "of 5 samples correct. 1 row has no label" in repr(found)


def test_labels_may_stand_in_a_column_of_any_whole_type():
    for kind in (np.uint8, np.int16, np.uint64):
        found = classified(np.array(CLASSES, kind)[:, np.newaxis])
        assert (found.correct, found.accuracy, found.notes) == (6, 1.0, ())


def test_progress_ends():
    said = []
    classified(CLASSES, progress=told_to(said.append))
    assert said == []


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([0, 1], r"shape \[2\]; give one for each row of the input: \[6\]"),
        (np.eye(6, 4, dtype=int), r"shape \[6, 4\]"),
        (3, r"shape \[\]"),
        ([[0], [1, 2]], "are no array"),
        ([0.0] * 6, "are float64; give whole numbers"),
        ([True] * 6, "are bool"),
        (["a"] * 6, "give whole numbers"),
        ([0, 1, 4, 0, 0, 0], r"row 2: 4: must be 0\.\.3"),
        ([0, -2, 4, 0, 0, 0], "row 1: -2: must be"),
        (np.full(6, 2**64 - 1, np.uint64), "row 0: 18446744073709551615: must be"),
        ([-1] * 6, "nothing to count"),
    ],
)
def test_wrong_labels_are_refused(labels, said):
    with pytest.raises(RequestError, match=f"^labels: .*{said}|^labels: {said}"):
        classified(labels)


@pytest.mark.parametrize(
    ("net", "said"),
    [
        (network(shape=(1, 2, 2, 2)), r"output 'next' has shape \[1, 2, 2, 2\]"),
        (network(shape=(1, 1)), r"has shape \[1, 1\]; a value for each of two classes"),
        (network(outputs=("next", "x")), "has 2 outputs"),
    ],
)
def test_what_is_no_classifier_is_refused(net, said):
    with pytest.raises(RequestError, match=said):
        classified(CLASSES, net)
