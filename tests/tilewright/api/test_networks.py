"""Networks that are loaded, looked at, predicted and run."""

import json
import sys

import numpy as np
import onnxruntime
import pytest

import tilewright
from tilewright.sim import __main__ as entry
from tilewright.sim.networks.zoo import zoo_model

MACS = {"conv0": 125 * 64 * 10 * 4, "dw1": 125 * 64 * 9, "pw1": 125 * 64 * 64, "fc": 64 * 12}
"""Of keyword spotting: 25x5 pixels of 64 channels, kernels of 10x4, 3x3 and 1x1, 12 classes."""


@pytest.fixture(scope="module")
def kws():
    return tilewright.load("kws")


@pytest.fixture(scope="module")
def samples():
    return np.random.default_rng(5).normal(0, 30, (3, 1, 49, 10)).astype(np.float32)


def test_a_network_says_what_it_is(kws):
    (given,), (answer,) = kws.inputs, kws.outputs
    assert (given.name, given.shape, given.dtype) == ("input", (1, 1, 49, 10), "float32")
    assert (answer.name, answer.shape, answer.scale) == ("output", (1, 12), 1 / 256)
    layers = {layer.name: layer for layer in kws.layers}
    assert {name: layers[name].macs for name in MACS} == MACS
    assert kws.macs == MACS["conv0"] + 4 * (MACS["dw1"] + MACS["pw1"]) + MACS["fc"]
    assert layers["conv0"].parameters == 64 * 10 * 4 + 64
    assert layers["conv0"].shape == (1, 25, 5, 64)
    assert "synthetic weights" in kws.notes[0]
    assert repr(kws) == "<Network kws: 13 operators, 2,656,768 MACs>"


def test_its_frame_has_a_row_an_operator(kws):
    frame = kws.to_frame()
    assert frame.loc["fc", "macs"] == MACS["fc"]
    assert frame["macs"].sum() == kws.macs
    assert list(frame.columns) == ["op", "shape", "macs", "parameters"]


def test_inspecting_says_where_operators_run_and_what_is_in_the_way(kws):
    on_cpu = kws.inspect(tilewright.Config("cpu-only"))
    assert on_cpu.fits
    assert set(on_cpu.to_frame()["status"]) == {"cpu", "free"}
    assert on_cpu.to_dict()["schema"] == "tilewright.inspect/1"
    # Its 264,192 weights alone are more.
    large, memory = tilewright.load("ad"), tilewright.Config(memory_bytes=131072)
    assert not large.inspect(memory).fits
    assert "memory_bytes" in large.inspect(memory).obstacles[0]
    with pytest.raises(tilewright.RequestError, match="memory_bytes"):
        large.predict(memory)


def test_a_prediction_is_what_the_verb_writes(kws, monkeypatch, tmp_path, capsys):
    options = ["--backend", "model", "--rows", "4", "--json", str(tmp_path / "r.json")]
    monkeypatch.setattr(sys, "argv", ["tilewright", "run", "--model", "kws", *options])
    assert entry.main() == 0
    capsys.readouterr()
    written = json.loads((tmp_path / "r.json").read_text())
    predicted = kws.predict(tilewright.Config(rows=4))
    run = kws.run(tilewright.Config(rows=4), backend="model")
    for found in (predicted.to_dict(), run.to_dict()):
        # Times of the host differ, and the verb tells of each inference.
        found = json.loads(json.dumps(found))
        assert {**found, "host": 0, "inferences": 0} == {**written, "host": 0, "inferences": 0}
    assert capsys.readouterr() == ("", "")


def test_outputs_are_the_files_as_other_runtimes_give_them(kws, samples):
    session = onnxruntime.InferenceSession(zoo_model("kws"), providers=["CPUExecutionProvider"])
    expected = np.concatenate([session.run(None, {"input": one[None]})[0] for one in samples])
    run = kws.run(input=samples, backend="functional")
    assert run.outputs["output"].dtype == np.float32
    # The two round differently, by a step of each of ten layers at most.
    np.testing.assert_allclose(run.outputs["output"], expected, atol=10 / 256)
    assert np.ptp(expected) > 100 / 256
    integers = run.quantised_outputs["output"]
    assert integers.dtype == np.int8
    np.testing.assert_array_equal((integers + 128.0) / 256, run.outputs["output"])
    assert run.cycles is run.latency_s is run.energy_j is None
    assert len(run.inferences) == 3


def test_a_data_set_is_evaluated_as_other_runtimes_classify_it(kws, samples):
    session = onnxruntime.InferenceSession(zoo_model("kws"), providers=["CPUExecutionProvider"])
    scores = np.concatenate([session.run(None, {"input": one[None]})[0] for one in samples])
    classes = scores.argmax(axis=1)
    # Farther apart than the two runtimes' roundings.
    assert (np.diff(np.sort(scores)[:, -2:]) > 10 / 256).all()
    found = kws.evaluate(samples, [classes[0], (classes[1] + 1) % 12, -1])
    np.testing.assert_array_equal(found.predicted, classes)
    assert (found.samples, found.correct, found.accuracy) == (2, 1, 0.5)
    assert found.confusion.shape == (12, 12)
    assert found.confusion.sum() == 2
    assert found.confusion[(classes[1] + 1) % 12, classes[1]] == 1
    tiny = kws.evaluate(samples, classes, tilewright.Config("tiny"))
    np.testing.assert_array_equal(tiny.predicted, classes)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (np.zeros((4, 4)), [0], r"^input: .*shape \[4, 4\]"),
        (None, [0], "^x: is None"),
        (np.zeros((2, 49, 10)), [0], "give one for each row"),
        (np.zeros((1, 49, 10)), [12], r"must be 0\.\.11"),
    ],
)
def test_a_wrong_data_set_is_refused(kws, x, y, said):
    with pytest.raises(tilewright.RequestError, match=said):
        kws.evaluate(x, y)


def test_arrays_by_name_and_files_are_the_same_inputs(kws, samples, tmp_path):
    np.save(tmp_path / "x.npy", samples)
    given = (samples, {"input": samples}, tmp_path / "x.npy", str(tmp_path / "x.npy"))
    first, *others = (kws.run(input=one, backend="functional").outputs["output"] for one in given)
    for other in others:
        np.testing.assert_array_equal(first, other)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.zeros((4, 4)), r"^input: input 'input': the array has shape \[4, 4\]"),
        ({"a": np.zeros(490), "b": np.zeros(490)}, r"^input: has no array named 'input' or 'x'"),
        ("none.npy", "none.npy"),
        (np.full((1, 1, 49, 10), np.nan), "not finite"),
        (np.zeros((1, 1, 49, 10), np.int64), "is int64; give int8"),
        ([1, [2]], "^input: is no array: "),
        ({"input": [[1], [2, 3]]}, "^input: is no array: "),
    ],
)
def test_a_wrong_input_is_refused(kws, given, said):
    with pytest.raises(tilewright.RequestError, match=said):
        kws.run(input=given, backend="functional")


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("fuctional", "backend = 'fuctional': is none; did you mean 'functional'"),
        ("board", "choose of 'rtl', 'model', 'functional'"),
        (None, "backend = None: is none"),
    ],
)
def test_a_backend_that_is_none_is_refused(kws, backend, said):
    with pytest.raises(tilewright.RequestError, match=said):
        kws.run(backend=backend)


@pytest.mark.parametrize("verb", ["inspect", "predict", "run"])
def test_what_is_no_configuration_is_refused(kws, verb):
    with pytest.raises(tilewright.RequestError, match=r"give tilewright\.Config\('tiny'\)"):
        getattr(kws, verb)("tiny")
    with pytest.raises(tilewright.RequestError, match=r"config = 4: .* give a tilewright\.Config"):
        getattr(kws, verb)(4)


def test_the_model_has_no_outputs_to_give(kws):
    with pytest.raises(tilewright.RequestError, match='backend="functional"'):
        _ = kws.run(backend="model").outputs


def test_no_such_network_says_what_may_be_meant():
    with pytest.raises(tilewright.RequestError, match="did you mean the built-in network kws"):
        tilewright.load("kvs")


def test_progress_is_told_line_by_line_and_never_printed(capsys):
    said = []
    tilewright.load("ad", progress=said.append)
    tilewright.load("ad")
    assert said == ["Built-in network ad (no file ad here)."]
    assert capsys.readouterr() == ("", "")


@pytest.mark.rtl
def test_rtl_takes_the_cycles_that_were_predicted():
    network, config = tilewright.load("ad"), tilewright.Config("tiny")
    run = network.run(config)
    assert run.cycles == network.predict(config).cycles
    assert run.result.check.mismatches == 0
    reference = network.run(config, backend="functional")
    for name, values in reference.outputs.items():
        np.testing.assert_array_equal(run.outputs[name], values)
