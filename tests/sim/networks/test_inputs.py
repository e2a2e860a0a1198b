import numpy as np
import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op, Port
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.operators.moves import Reshape
from tilewright.sim.networks.inputs import default_inputs, load_rows

H, W, C = 3, 4, 2
ROW = np.arange(H * W * C, dtype=np.int8).reshape(H, W, C)


def graph_of(shape, port_shape=None, permutation=None, dtype="int8"):
    quant = Quant((0.5,), (3,))
    tensors = [Tensor("x", shape, "int8", quant), Tensor("y", (1, H * W * C), "int8", quant)]
    port = Port("x", "image", port_shape or shape, dtype, permutation)
    reshape = Op("flat", Reshape(), ("x",), ("y",))
    return Graph.build("net", tensors, [reshape], ["x"], ["y"], [port])


@pytest.fixture
def nhwc():
    return graph_of((1, H, W, C))


@pytest.fixture
def nchw():
    """The file says [1, C, H, W]; the graph is NHWC."""
    return graph_of((1, H, W, C), (1, C, H, W), (0, 2, 3, 1), "float32")


def load(graph, array, tmp_path):
    np.save(tmp_path / "x.npy", array)
    rows = load_rows(graph, tmp_path / "x.npy")
    for row in rows:
        assert row["x"].dtype == np.int8
        assert row["x"].shape == graph.tensors["x"].shape
    return [row["x"][0] for row in rows]


@pytest.mark.parametrize("array", [ROW, ROW[None], ROW.reshape(1, -1), ROW.reshape(-1)])
def test_shapes_that_are_accepted(nhwc, array, tmp_path):
    (loaded,) = load(nhwc, array, tmp_path)
    assert np.array_equal(loaded, ROW)


def test_every_row_is_an_inference(nhwc, tmp_path):
    loaded = load(nhwc, np.stack([ROW, ROW + 1, ROW + 2]), tmp_path)
    assert np.array_equal(loaded, [ROW, ROW + 1, ROW + 2])


def test_the_files_layout_is_turned_into_the_graphs(nchw, tmp_path):
    (loaded,) = load(nchw, np.transpose(ROW, (2, 0, 1))[None], tmp_path)
    assert np.array_equal(loaded, ROW)
    (loaded,) = load(nchw, ROW, tmp_path)
    assert np.array_equal(loaded, ROW)


def test_real_values_are_quantised(nchw, tmp_path):
    real = np.transpose((ROW.astype(np.float64) - 3) * 0.5, (2, 0, 1))[None]
    assert np.array_equal(load(nchw, real.astype(np.float32), tmp_path)[0], ROW)
    extreme = np.full_like(real, 1e9)
    assert (load(nchw, extreme, tmp_path)[0] == 127).all()


def test_uint8_is_taken_where_the_network_is_uint8(tmp_path):
    graph = graph_of((1, H, W, C), dtype="uint8")
    (loaded,) = load(graph, (ROW.astype(int) + 128).astype(np.uint8), tmp_path)
    assert np.array_equal(loaded, ROW)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (ROW.transpose(1, 0, 2), r"'image'.*\[4, 3, 2\].*\[1, 3, 4, 2\]"),
        (ROW[:2], r"shape \[2, 4, 2\]"),
        (np.zeros((0, H, W, C), np.int8), "shape"),
        (np.int8(3), "shape"),
        (ROW.astype(np.int32), "int32.*int8"),
        (ROW.astype(np.uint8), "uint8"),
        (ROW.astype(complex), "complex"),
        (np.where(ROW == 5, np.nan, ROW), "not finite"),
        (np.array([None]), "not a NumPy file of numbers"),
    ],
)
def test_wrong_arrays_are_refused(nhwc, array, message, tmp_path):
    with pytest.raises(RequestError, match=message):
        load(nhwc, array, tmp_path)


def test_an_npz_has_x_or_one_array_or_the_inputs_name(nhwc, tmp_path):
    path = tmp_path / "x.npz"
    for arrays in ({"x": ROW, "y": ROW[0]}, {"other": ROW}, {"image": ROW, "x": ROW + 1}):
        np.savez(path, **arrays)
        assert np.array_equal(load_rows(nhwc, path)[0]["x"][0], ROW)
    np.savez(path, a=ROW, b=ROW)
    with pytest.raises(RequestError, match=r"'image' or 'x'; it has: a, b"):
        load_rows(nhwc, path)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04 damaged", b"hello"])
@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_damaged_files_are_refused(nhwc, name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RequestError, match=name):
        load_rows(nhwc, tmp_path / name)


def test_missing_and_other_files_are_refused(nhwc, tmp_path):
    with pytest.raises(RequestError, match="No such file"):
        load_rows(nhwc, tmp_path / "none.npy")
    with pytest.raises(RequestError, match=r"\.npy or \.npz"):
        load_rows(nhwc, tmp_path / "photo.png")


def test_the_default_is_seeded_and_not_flat(nhwc):
    first, again = default_inputs(nhwc)["x"], default_inputs(nhwc)["x"]
    assert np.array_equal(first, again)
    assert first.dtype == np.int8
    assert np.unique(first).size > 10


def test_all_arrays_are_not_listed(nhwc, tmp_path):
    np.savez(tmp_path / "x.npz", **{f"a{i:03}": np.zeros(3) for i in range(500)})
    with pytest.raises(RequestError, match=r"it has: a000, .*a007 and 492 more$"):
        load_rows(nhwc, tmp_path / "x.npz")


def test_numbers_beyond_every_type_saturate_without_a_warning(nhwc, tmp_path):
    shape = nhwc.ports[nhwc.inputs[0]].shape
    np.save(tmp_path / "x.npy", np.full(shape, 1e308))
    (row,) = load_rows(nhwc, tmp_path / "x.npy")
    assert (row[nhwc.inputs[0]] == 127).all()
