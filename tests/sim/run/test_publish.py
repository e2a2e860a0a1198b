"""Whole runs on the chip, and what happens when the chip is wrong."""

import json

import numpy as np
import pytest

from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.sim.progress import Progress
from tilewright.sim.results.segments import Segment
from tilewright.sim.rtl.backend import RtlResult
from tilewright.sim.run.publish import RunRequest, run
from tilewright.verification.tools.cache import cache_directory


@pytest.mark.rtl
def test_a_run_on_the_chip_is_complete(tmp_path):
    files = {kind: tmp_path / f"r.{kind}" for kind in ("json", "html", "trace")}
    result = run(
        RunRequest(
            model="ad",
            config=load_config(),
            json=files["json"],
            report=files["html"],
            trace=files["trace"],
            figures=tmp_path / "pictures",
        ),
        Progress(),
    )
    document = json.loads(files["json"].read_text())
    total = document["total"]
    assert document["check"] == {"reference": "functional", "elements": 640, "mismatches": 0}
    assert sum(layer["cycles"] for layer in document["layers"]) == total["cycles"]
    assert total["cycles"] == total["npu_cycles"] + total["cpu_cycles"]
    # 264,192 weights at 8 a cycle is the least; Vela estimates 41,090 for as many MACs.
    assert 264_192 / 8 < total["cycles"] < 41_090
    assert total["mac_utilisation"] == pytest.approx(264_192 / (total["cycles"] * 64))
    assert total["read_bytes"] >= 264_192
    assert total["energy_j"] == pytest.approx(sum(total["energy_by_component_j"].values()))
    assert total["energy_j"] == pytest.approx(sum(row["energy_j"] for row in document["layers"]))
    assert document["host"]["cycles_per_s"] > 0
    macs = sum(row.events.get("mac", 0) for row in result.layers)
    assert macs == 264_192
    events = json.loads(files["trace"].read_text())["traceEvents"]
    end = max(event.get("ts", 0) + event.get("dur", 0) for event in events)
    assert end == pytest.approx(total["latency_s"] * 1e6)
    lanes = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    busy = dict.fromkeys(lanes.values(), 0)
    for event in events:
        if event["ph"] == "X":
            busy[lanes[event["tid"]]] += event["args"]["cycles"]
    # The DMA moves at most a beat a cycle and hardly pauses; the array takes
    # a pair of words, sixteen weights, a step.
    assert total["read_bytes"] / 8 <= busy["DMA"] <= total["cycles"]
    assert 264_192 / 16 <= busy["array"] <= total["cycles"]
    assert 0 < busy["requantiser"] < busy["array"]
    assert "Bit-exact" in files["html"].read_text()
    pictures = {path.stem for path in (tmp_path / "pictures").iterdir()}
    assert pictures == {"cycles", "timeline", "roofline", "memory", "energy"}


def test_what_waveforms_cost_is_told_before_they_are_made(monkeypatch, tmp_path, capsys):
    class BegunError(Exception):
        pass

    def begin(*_, **__):
        raise BegunError

    monkeypatch.setattr("tilewright.sim.run.publish.run_rtl", begin)
    for waves in (tmp_path / "w.fst", None):
        with pytest.raises(BegunError):
            run(RunRequest(model="ad", config=load_config(), waves=waves), Progress())
        told = "build of the simulation model of their own" in capsys.readouterr().err
        assert told == (waves is not None)


@pytest.mark.parametrize("is_built", [True, False])
@pytest.mark.parametrize("preset", ["default", "icebreaker"])
def test_the_model_answers_first_where_rtl_must_be_built(is_built, preset, monkeypatch, capsys):
    """Where the model has figures; an answer that RTL gives at once needs no other before it."""

    def stop(*_: object, **__: object) -> None:
        raise CheckError("no chip")

    config = load_config(preset)
    monkeypatch.setattr("tilewright.sim.run.publish.has_model", lambda *_, **__: is_built)
    monkeypatch.setattr("tilewright.sim.run.publish.run_rtl", stop)
    with pytest.raises(CheckError, match="no chip"):
        run(RunRequest(model="kws", config=config), Progress())
    told = "Predicted by the model" in capsys.readouterr().err
    assert told == (not is_built and preset == "default")


def test_wrong_outputs_are_an_error_and_the_evidence_is_kept(monkeypatch, tmp_path):
    """A chip that answers zero everywhere, after 100 cycles."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path))

    def zeros(program, inputs, **_):
        segment = Segment(
            layer=None, engine="cpu", start=0, cycles=100, causes={}, events={}, cpu_active=100
        )
        return RtlResult(
            outputs={port.name: np.zeros(port.shape, np.int8) for port in program.outputs},
            states={},
            cycles=100,
            segments=(segment,),
            uart="hello",
            activity=(),
            build_s=0.0,
            simulate_s=1.0,
            simulated_cycles=200,
        )

    monkeypatch.setattr("tilewright.sim.run.publish.run_rtl", zeros)
    path = tmp_path / "r.json"
    with pytest.raises(CheckError, match=r"of 640 output elements differ.*\n.*Evidence") as error:
        run(RunRequest(model="ad", config=load_config(), json=path), Progress())
    folder = next((cache_directory() / "runs").glob("ad-mismatch-*"))
    assert str(folder) in str(error.value)
    assert (folder / "uart.txt").read_text() == "hello"
    reference = np.load(folder / "reference-0.npy")
    mismatches = json.loads(path.read_text())["check"]["mismatches"]
    assert mismatches == np.count_nonzero(reference) > 600


def test_a_rate_that_is_too_high_is_refused_before_rtl_is_simulated(monkeypatch):
    """Nothing is built, and no chip runs."""

    def simulate(*_):
        return lambda *_: pytest.fail("simulated")

    monkeypatch.setattr("tilewright.sim.run.publish._simulation", simulate)
    request = RunRequest(model="ad", config=load_config(), rate_hz=1e6)
    with pytest.raises(RequestError, match=r"--rate 1e\+06: an inference takes .* ms at 100 MHz"):
        run(request, Progress())
