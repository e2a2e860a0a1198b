"""A network's energy at gate level, from files to the document."""

import json
import sys

import numpy as np
import pytest

from tests.documents import faults
from tests.onnx_builder import QdqBuilder
from tests.small_library import CELLS, sram
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.sim import __main__ as entry
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.power.measure import PowerRequest, measure_power
from tilewright.sim.progress import silent


def write_network(folder):
    """Two layers of eight by eight."""
    net = QdqBuilder()
    value = net.quantised(net.input("x", (1, 8)), 0.05, 3)
    draw = np.random.default_rng(1)
    for number in range(2):
        weights = draw.integers(-127, 128, (8, 8)).astype(np.int8)
        value = net.node("MatMul", [value, net.weights(f"w{number}", weights, 0.02)])
        value = net.quantised(value, 0.1, number)
    path = folder / "small.onnx"
    path.write_bytes(net.finish([value]))
    return path


def write_libraries(folder):
    files = {"cells.lib": CELLS, "sram.lib": sram(256, 32, read=1000, write=2000)}
    for name, text in files.items():
        (folder / name).write_text(text)
    return [folder / name for name in files]


def chip(*sets):
    return [f"--set={value}" for value in (*sets, "memory_bytes=262144", "clock_hz=1000000")]


@pytest.mark.rtl
@pytest.mark.slow
@pytest.mark.parametrize(
    "sets",
    [
        ("npu=none", "cpu=lite"),
        ("rows=2", "cols=2", "cpu=lite", "scratchpad_bytes=16384"),
    ],
    ids=["cpu", "array"],
)
def test_a_run_is_evaluated_and_its_document_written(sets, monkeypatch, capsys, tmp_path):
    network = write_network(tmp_path)
    options = [f"--liberty={path}" for path in write_libraries(tmp_path)]
    arguments = ["power", "--model", str(network), *chip(*sets), *options]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["tilewright", *arguments, "--out", "out", "--json", "p.json"])
    assert entry.main() == 0
    printed = capsys.readouterr().out
    document = json.loads((tmp_path / "p.json").read_text())
    assert json.loads((tmp_path / "out" / "power.json").read_text()) == document
    assert faults(document) == []
    assert document["cycles"] == sum(row["cycles"] for row in document["layers"])
    assert f"the {document['registers']:,} flip-flops that are the RTL's registers" in printed
    # As many nW as the cells have um2, since a gate of the library has as many; SRAM, one a word.
    area = sum(document["area_um2"].values())
    leakage = sum(kinds["leakage"] for kinds in document["energy_pj"].values())
    assert leakage == pytest.approx(area * document["cycles"] / 1e6 * 1e3)
    words = sum(256 * part["macros"] for part in document["macros"])
    leakage = sum(kinds["sram_leakage"] for kinds in document["energy_pj"].values())
    assert leakage == pytest.approx(words * document["cycles"] / 1e6 * 1e3)
    # Each flip-flop's clock is told at most once a cycle, and that of the timer in each.
    assert all(kinds["clock"] >= 0 for kinds in document["energy_pj"].values())
    assert sum(kinds["switching"] for kinds in document["energy_pj"].values()) > 0


@pytest.fixture
def network(tmp_path):
    return open_network(str(write_network(tmp_path)), silent())


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (("nothing", "nothing"), "--layers-from 'nothing': 'small' has no such layer"),
        (("matmul_7", "matmul_3"), "--layers-to 'matmul_3': comes before --layers-from"),
    ],
)
def test_layers_that_are_not_there_are_refused_before_anything_is_built(
    network, layers, told, tmp_path
):
    request = PowerRequest(
        config=load_config(sets=["npu=none", "cpu=lite"]),
        liberty=tuple(write_libraries(tmp_path)),
        layers=layers,
    )
    with pytest.raises(RequestError, match=told):
        measure_power(network, request, silent())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "--liberty: name the Liberty files"),
        (["--liberty", "none.lib"], "none.lib: cannot be read"),
        (["--liberty", "cells.lib", "--layers-to", "x"], "--layers-to: name the first layer"),
        (["--liberty", "cells.lib", "--wire-ff", "-1"], "--wire-ff -1.0: must be a capacitance"),
        (["--liberty", "cells.lib", "--json", "cells.lib"], "cells.lib"),
        (["--liberty", "cells.lib", "--liberty", "cells.lib"], "cell BUF is in another of the"),
        (["--liberty", "sram.lib"], "sram.lib: has no gates that may be used"),
    ],
)
def test_requests_that_cannot_be_are_refused(options, told, monkeypatch, capsys, tmp_path):
    write_network(tmp_path)
    write_libraries(tmp_path)
    monkeypatch.chdir(tmp_path)
    arguments = ["power", "--model", "small.onnx", "--set", "npu=none", *options]
    monkeypatch.setattr(sys, "argv", ["tilewright", *arguments])
    assert entry.main() == 2
    assert told in capsys.readouterr().err
