"""What becomes of a task, with a predictor that answers as it is told."""

from dataclasses import replace

import pytest

from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.sweep.evaluate import Evaluator, baseline_of
from tilewright.sim.sweep.networks import packed
from tilewright.sim.sweep.point import Task


@pytest.fixture(scope="module")
def network():
    return packed(open_network("ad", Progress()))


class Told:
    """Answers what ``answer`` returns or raises for a configuration."""

    asked = 0

    def __init__(self, answer):
        self._answer = answer

    def predict(self, config):
        Told.asked += 1
        return self._answer(config)


def evaluate(network, answer, *configs):
    evaluator = Evaluator([network], lambda _: Told(answer))
    return [
        evaluator.evaluate(Task(str(number), network.shell.sha256, "model", config))
        for number, config in enumerate(configs)
    ]


def slower_without_npu(result):
    """A predictor's answer: ten times the cycles where there is no NPU."""

    def answer(config):
        if config.soc.npu != "none":
            return result
        layers = tuple(replace(layer, cycles=10 * layer.cycles) for layer in result.layers)
        return replace(result, layers=layers)

    return answer


def test_figures_and_layers_of_a_point(network, result):
    (outcome,) = evaluate(network, slower_without_npu(result), make_config({}))
    assert (outcome.key, outcome.status, outcome.error) == ("0", "ok", None)
    assert outcome.figures == {
        "cycles": 1000,
        "latency_s": 1e-5,
        "energy_j": pytest.approx(31e-9),
        "energy_within": pytest.approx(1.5),
        "mac_utilisation": 0.5,
        "peak_sram_bytes": 4096,
        "npu_cycles": 600,
        "cpu_cycles": 400,
        "read_bytes": 500,
        "write_bytes": 7,
        "speedup": 10.0,
    }
    assert [layer.name for layer in outcome.layers] == ["start-up", "conv<1>[x]", "softmax"]
    assert outcome.layers[1][1:6] == ("conv<1>[x]", "CONV_2D", "npu", 600, 32_000)
    assert outcome.layers[1].stalls == '{"weights": 60, "drain": 30}'


def test_refusals_and_failures_are_outcomes(network):
    def answer(config):
        if config.npu.rows == 2:
            raise RequestError("layer x: too large; set scratchpad_bytes")
        if config.npu.rows == 3:
            raise CheckError("wrong\nEvidence")
        raise ZeroDivisionError("in the middle")

    configs = [make_config({"rows": rows}) for rows in (2, 3, 4)]
    refused, wrong, broken = evaluate(network, answer, *configs)
    assert (refused.status, refused.traceback) == ("unmappable", None)
    assert "too large" in refused.error
    assert (wrong.status, wrong.error) == ("failed", "wrong\nEvidence")
    assert (broken.status, broken.error) == ("failed", "ZeroDivisionError: in the middle")
    assert "Traceback" in broken.traceback


def test_without_a_baseline_there_is_a_reason(network, result):
    def answer(config):
        if config.soc.npu == "none":
            raise RequestError("no figures")
        return result

    (outcome,) = evaluate(network, answer, make_config({}))
    assert outcome.status == "ok"
    assert outcome.no_baseline == "no figures"
    assert "speedup" not in outcome.figures


def test_a_baseline_is_worked_out_once(network, result):
    before = Told.asked
    same = [make_config({"rows": rows, "clock_hz": 10**6 * rows}) for rows in (4, 8, 16)]
    other = make_config({"memory_latency": 20})
    evaluate(network, slower_without_npu(result), *same, other)
    assert Told.asked - before == 4 + 2


def test_the_baseline_is_the_same_system_without_npu():
    config = make_config({"rows": 32, "bus_bytes": 16, "cpu": "imac", "memory_latency": 20})
    baseline = baseline_of(config)
    assert (baseline.soc.npu, baseline.soc.cpu) == ("none", "imac")
    assert (baseline.soc.memory_latency, baseline.npu.bus_bytes) == (20, 16)
    assert baseline.npu.rows == 8


def test_a_sent_network_is_the_one_that_was_opened(network):
    import pickle

    opened = open_network("ad", Progress())
    again = pickle.loads(pickle.dumps(network)).unpacked()
    assert (again.name, again.sha256, again.notes) == (opened.name, opened.sha256, opened.notes)
    assert again.graph.ops == opened.graph.ops
    assert again.graph.ports == opened.graph.ports
    for name, tensor in opened.graph.tensors.items():
        sent = again.graph.tensors[name]
        assert (sent.shape, sent.quant) == (tensor.shape, tensor.quant)
        if tensor.data is not None:
            assert (sent.data == tensor.data).all()
            assert not sent.data.flags.writeable
