import json
import xml.etree.ElementTree as ET

import onnx
import pytest
from rich.console import Console

from tests.onnx_builder import QdqBuilder
from tests.tflite_builder import TfliteBuilder
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.inspect.inspect import inspect
from tilewright.sim.inspect.svg import svg
from tilewright.sim.progress import Progress
from tilewright.sim.version import origin_line

QUIET = Progress(Console(quiet=True))


def look(model, tmp_path, **values):
    files = tmp_path / "i.json", tmp_path / "i.svg"
    return inspect(str(model), make_config(values), *files, QUIET)


def test_a_network_is_shown_with_its_figures(tmp_path, capsys):
    found = look("vww", tmp_path)
    out = capsys.readouterr().out
    assert found.macs == 7_489_664
    assert [op.kind for op in found.ops[:2]] == ["CONV_2D", "DEPTHWISE_CONV_2D"]
    first = found.ops[0]
    # 8 kernels of 3 x 3 x 3 and as many biases of four bytes.
    assert first.weights.bytes == 8 * 27 + 8 * 4
    assert first.weights.values == 8 * 27
    assert (first.shape, first.macs, first.inputs) == ((1, 48, 48, 8), 48 * 48 * 8 * 27, ())
    assert "weights by 8 channels" in first.quantisation
    # The widest place: 48 x 48 pixels of 8 channels become 16.
    assert (found.peak_bytes, found.peak_at) == (48 * 48 * (8 + 16), "pw1")
    softmax = found.ops[-1]
    assert (softmax.status, softmax.inputs) == ("npu", ("fc",))
    assert "30 on the NPU" in out
    document = json.loads((tmp_path / "i.json").read_text())
    assert document["schema"] == "tilewright.inspect/1"
    assert [op["name"] for op in document["ops"]] == [op.name for op in found.ops]
    picture = ET.fromstring((tmp_path / "i.svg").read_text())
    (origin,) = (node.text for node in picture.iter() if node.tag.endswith("metadata"))
    assert origin == origin_line()


def test_a_configuration_decides_where_operators_run(tmp_path, capsys):
    found = look("kws", tmp_path, npu="none")
    # The first one only gives its input another shape.
    assert {op.status for op in found.ops[1:]} == {"cpu"}
    assert found.ops[0].status == "free"
    assert "the configuration has no NPU" in capsys.readouterr().out


def test_what_does_not_fit_is_an_obstacle(tmp_path, capsys):
    found = look("ic", tmp_path, memory_bytes=1 << 17)
    assert len(found.obstacles) == 1
    assert "enlarge memory_bytes" in found.obstacles[0]
    assert found.peak_sram_bytes is None
    assert found.ops[0].status == "npu"
    assert "Does not run: 1 obstacle" in capsys.readouterr().out


@pytest.fixture
def obstructed(tmp_path):
    """A network of which a branch can be understood, with two unsupported kinds."""
    net = QdqBuilder()
    x = net.quantised(net.input("x", (1, 3, 8, 8)), 0.05, -3)
    good = net.quantised(net.node("Relu", [x]), 0.1, 5)
    bad = net.quantised(net.node("Det", [x]), 0.1, 5)
    other = net.quantised(net.node("NonZero", [good]), 0.1, 5)
    path = tmp_path / "net.onnx"
    path.write_bytes(net.finish([bad, other]))
    return path


def test_a_refused_network_tells_what_was_understood_and_all_obstacles(
    obstructed, tmp_path, capsys
):
    found = look(obstructed, tmp_path)
    status = {}
    for op in found.ops:
        status.setdefault(op.kind, set()).add(op.status)
    assert status["Relu"] == {"understood"}
    assert status["Det"] == status["NonZero"] == {"unknown"}
    # A scale of four bytes and a zero point of one.
    assert found.ops[0].weights.bytes == 5
    # Behind the two that are not supported, nothing can be said.
    assert status["QuantizeLinear"] == {"understood", "unchecked"}
    assert len(found.obstacles) == 2
    out = capsys.readouterr().out
    assert "Does not run: 2 obstacles" in out
    assert "(Det): this operator is not supported" in out
    assert "(NonZero): this operator is not supported" in out


def test_a_float_network_names_operators_that_quantising_would_not_help(tmp_path, capsys):
    nodes = [onnx.helper.make_node("Relu", ["x"], ["y"]),
             onnx.helper.make_node("Det", ["y"], ["z"])]  # fmt: skip
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 4, 4]) for name in "xz"
    ]
    graph = onnx.helper.make_graph(nodes, "float", ends[:1], ends[1:])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "float.onnx")
    found = look(tmp_path / "float.onnx", tmp_path)
    assert [op.status for op in found.ops] == ["unchecked", "unknown"]
    assert "floating point" in found.obstacles[0]
    assert found.obstacles[1].startswith("Det: ")
    assert "Quantise it" in capsys.readouterr().out


def test_a_refused_tflite_network_is_shown_too(tmp_path, capsys):
    net = TfliteBuilder()
    x, a, b = (net.tensor(name, (1, 4), scale=0.1, zero_point=1) for name in "xab")
    net.operator("ATAN2", [x], [a])
    net.operator("RELU", [a], [b])
    path = tmp_path / "net.tflite"
    path.write_bytes(net.finish([x], [b]))
    found = look(path, tmp_path)
    assert [(op.kind, op.status, op.inputs) for op in found.ops] == [
        ("ATAN2", "unknown", ()), ("RELU", "understood", ("0: a",)),
    ]  # fmt: skip
    assert found.ops[0].shape == (1, 4)
    assert "1 understood, 1 not supported" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x08\x07:\x00"])
def test_what_cannot_be_read_is_refused(tmp_path, content):
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(RequestError, match=r"net\.onnx"):
        look(path, tmp_path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(RequestError, match="there is no such file"):
        look(tmp_path / "none.onnx", tmp_path)


def test_the_picture_shows_every_operator_and_its_reason(obstructed, tmp_path, capsys):
    found = look(obstructed, tmp_path)
    capsys.readouterr()
    root = ET.fromstring(svg(found))
    titles = [node.text for node in root.iter("{http://www.w3.org/2000/svg}title")]
    assert [title.splitlines()[0] for title in titles] == [op.name for op in found.ops]
    assert any("this operator is not supported" in title for title in titles)
    edges = list(root.iter("{http://www.w3.org/2000/svg}path"))
    assert len(edges) == sum(len(op.inputs) for op in found.ops)
