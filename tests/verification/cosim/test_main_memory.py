"""One simulator serves main memories of every size and latency, each with its own cycles."""

import pytest
from rich.console import Console

from tilewright.hw.spec.settings import load_config
from tilewright.sim.networks.inputs import default_inputs
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.rtl.backend import run_rtl
from tilewright.sim.run.predict import Predictor
from tilewright.verification.cosim.build import build_model

QUIET = Progress(Console(quiet=True))
MEMORIES = [
    ("memory_latency=1", "memory_bytes=262144"),
    ("memory_latency=2",),
    ("memory_latency=8",),
    ("memory_latency=64", "memory_bytes=67108864"),
]

pytestmark = [pytest.mark.rtl]


@pytest.fixture(scope="module")
def network():
    return open_network("kws", QUIET)


def test_each_memory_has_its_own_cycles_on_the_same_simulator(network):
    """Those of the accelerator's layers are the model's, which follows it to the cycle."""
    predictor, inputs = Predictor(network), default_inputs(network.graph)
    executables, totals = set(), []
    for sets in MEMORIES:
        config = load_config("tiny", sets=sets)
        executables.add(build_model(config).executable)
        predicted = predictor.prediction(config)
        chip = run_rtl(predicted.program, inputs, progress=QUIET)
        assert chip.build_s == 0
        for ours, theirs in zip(predicted.segments, chip.segments, strict=True):
            assert ours.events == theirs.events
            if ours.engine == "npu" and ours.layer is not None:
                assert ours.cycles == theirs.cycles, (sets, ours.layer)
        totals.append(chip.cycles)
    assert len(executables) == 1
    assert totals == sorted(set(totals)), "each latency costs"
