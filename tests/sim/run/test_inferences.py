"""Rows of inputs from arrays, files or the seeded signal."""

import numpy as np
import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.networks.inputs import SYNTHETIC_INPUT
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import silent
from tilewright.sim.run.inferences import inferences_of


@pytest.fixture(scope="module")
def graph():
    return open_network("ad", silent()).graph


def test_the_seeded_signal_is_said_to_be_one(graph):
    seeded = inferences_of(graph, None, reset_state=True)
    assert (len(seeded.rows), seeded.remarks, seeded.reset_state) == (1, (SYNTHETIC_INPUT,), True)


def test_files_and_arrays_are_rows_without_a_remark(graph, tmp_path):
    given = np.arange(3 * 640, dtype=np.int64).astype(np.int8).reshape(3, 640)
    np.save(tmp_path / "x.npy", given)
    (tensor,) = graph.inputs
    for source in ({"x": given}, tmp_path / "x.npy"):
        found = inferences_of(graph, source)
        np.testing.assert_array_equal([row[tensor].reshape(640) for row in found.rows], given)
        assert (found.remarks, found.reset_state) == ((), False)


def test_a_wrong_array_is_refused(graph):
    with pytest.raises(RequestError, match=r"^input: input .* has shape \[3\]"):
        inferences_of(graph, {"x": np.zeros(3)})
