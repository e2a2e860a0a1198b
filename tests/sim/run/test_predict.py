"""Predictions of one network on many configurations, against single runs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.mapper.networks import Sketch
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.sim.networks.network_file import NetworkFile, open_network
from tilewright.sim.networks.zoo import zoo_model
from tilewright.sim.progress import Progress
from tilewright.sim.results.result import Host
from tilewright.sim.run import predict
from tilewright.sim.run.predict import Predictor, mapping_of
from tilewright.sim.run.publish import RunRequest, run

MIXED = [
    [],
    ["memory_latency=30"],
    ["rows=4", "cols=16"],
    ["cpu=imac", "clock_hz=50000000"],
    ["scratchpad_bytes=16384", "weight_buffer_bytes=4096"],
    ["rows=4", "cols=16", "memory_latency=1", "cpu=imac"],
    ["memory_latency=30"],
]
"""Configurations that share mappings, in an order that mixes them."""

HOST = Host(build_s=0.0, simulate_s=0.0, cycles_per_s=None)
"""In place of what a prediction took."""


def network(name: str) -> NetworkFile:
    graph = import_onnx(Path(f"{name}.onnx"), zoo_model(name))
    return NetworkFile(name=name, path=name, sha256="00", graph=graph)


@pytest.mark.parametrize("name", ["kws", "ad"])
def test_a_prediction_is_that_of_a_run(name):
    predictor = Predictor(open_network(name, Progress()))
    for sets in MIXED:
        config = load_config(sets=sets)
        predicted = predictor.predict(config)
        single = run(RunRequest(model=name, config=config, backend="model"), Progress())
        assert replace(predicted, host=HOST) == replace(single, host=HOST, inferences=())
        assert predicted.total == single.total
        assert (predicted.outputs, predicted.check) == ((), None)
    assert predictor.kept == 3


def test_an_input_is_that_of_its_run(tmp_path):
    """A softmax on the CPU takes longer for some values than for others."""
    path = tmp_path / "input.npy"
    np.save(path, np.zeros((1, 49, 10, 1), dtype=np.int8))
    config = load_config(sets=["softmax_unit=false"])
    request = RunRequest(model="kws", config=config, backend="model", input=path)
    graph = network("kws").graph
    zeros = {graph.inputs[0]: np.zeros(graph.tensors[graph.inputs[0]].shape, dtype=np.int8)}
    given = Predictor(network("kws"), zeros, ()).predict(config)
    assert given.layers == run(request, Progress()).layers
    assert given.layers != Predictor(network("kws")).predict(config).layers


def test_as_many_mappings_are_kept_as_fit(monkeypatch):
    monkeypatch.setattr(predict, "KEPT", 2)
    predictor = Predictor(network("ad"))
    results = {}
    for cols in (4, 6, 8, 4, 6, 8):
        result = predictor.predict(load_config(sets=[f"cols={cols}"]))
        assert results.setdefault(cols, result.layers) == result.layers
        assert predictor.kept <= 2


def test_configurations_that_map_alike():
    config = load_config()
    for other in ("memory_latency=3", "clock_hz=7000000", "cpu=lite"):
        assert mapping_of(load_config(sets=[other])) == mapping_of(config)
    for other in ("rows=4", "memory_bytes=8388608", "npu=none", "bus_bytes=4"):
        assert mapping_of(load_config(sets=[other])) != mapping_of(config)


def test_what_cannot_be_mapped_is_refused_and_the_next_one_predicted():
    """A window of 9,800 bytes that a scratchpad of 4,096 cannot hold."""
    sketch = Sketch(shape=(1, 7, 7, 200))
    wide = replace(network("ad"), graph=sketch.graph(sketch.conv("x", "c", 4, (7, 7))))
    predictor = Predictor(wide)
    before = predictor.predict(load_config()).layers
    for _ in range(2):
        with pytest.raises(RequestError, match=r"'make c'.*scratchpad_bytes is 4096; enlarge"):
            predictor.predict(load_config(sets=["scratchpad_bytes=4096"]))
    assert predictor.predict(load_config()).layers == before


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        (load_config("icebreaker"), "control = microcode"),
        (load_config(sets=["cpu=min"]), "cpu = min"),
    ],
)
def test_designs_without_figures_are_refused(config, setting):
    with pytest.raises(RequestError, match=f"{setting}: .* use --backend rtl"):
        Predictor(open_network("ad", Progress())).predict(config)
