"""Networks with states: chip, model and functional backend, inference after inference."""

import pytest
from rich.console import Console

from tests.mapper.streaming import random_rows, random_streaming
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.progress import Progress
from tilewright.sim.rtl.backend import run_rtl
from tilewright.sim.run.evaluate import evaluate, require_equal
from tilewright.sim.run.inferences import Inferences

pytestmark = [pytest.mark.rtl]

SILENT = Progress(Console(quiet=True))
DESIGNS = {"default": [], "4 KiB": ["scratchpad_bytes=4096"]}


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_chip(seed, reset, design):
    graph = random_streaming(seed)
    network = NetworkFile(name=f"streaming {seed}", path="", sha256="0", graph=graph)
    inferences = Inferences(rows=random_rows(graph, seed, 3), reset_state=reset)
    config = load_config(sets=DESIGNS[design])
    found = evaluate(network, config, "rtl", inferences, SILENT, run_rtl)
    assert len(require_equal(network.name, found).inferences) == 3


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("seed", range(4))
def test_the_model(seed, design):
    graph = random_streaming(seed)
    program = compile_model(graph, load_config(sets=DESIGNS[design]))
    (row,) = random_rows(graph, seed, 1)
    taken = run_functional(program, row).cpu_inputs
    model, chip = ModelBackend(program).run(cpu_inputs=taken), run_rtl(program, row)
    for ours, theirs in zip(model.segments, chip.segments, strict=True):
        assert ours == theirs
