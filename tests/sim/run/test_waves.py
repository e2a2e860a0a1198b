"""Waveforms: their window and their time, as the file itself tells them."""

import json
import struct

import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.sim.progress import Progress
from tilewright.sim.run.publish import RunRequest, run

HEADER = struct.Struct(">BQQQ")
"""Of an FST file: kind of block, its length, first and last time."""

EXPONENT = 73
"""Where the header has the unit of time, as a power of ten."""


def request(**options: object) -> RunRequest:
    config = load_config("tiny", sets=("clock_hz=12000000",))
    return RunRequest(model="ad", config=config, **options)


@pytest.mark.slow
@pytest.mark.rtl
@pytest.mark.parametrize(("last", "layers"), [(None, {"fc5"}), ("fc7", {"fc5", "fc6", "fc7"})])
def test_waves_show_the_layers_that_are_asked_for_in_the_clocks_time(last, layers, tmp_path):
    waves, result = tmp_path / "w.fst", tmp_path / "r.json"
    run(request(waves=waves, waves_from="fc5", waves_to=last, json=result), Progress())
    head = waves.read_bytes()[: EXPONENT + 1]
    kind, _, first, end = HEADER.unpack(head[: HEADER.size])
    assert kind == 0
    unit = 10.0 ** struct.unpack("b", head[EXPONENT:])[0]
    rows = json.loads(result.read_text())["layers"]
    cycles = sum(row["cycles"] for row in rows if row["name"] in layers)
    assert (end - first) * unit * 12_000_000 == pytest.approx(cycles, abs=1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"waves_from": "fc55"}, "--waves-from 'fc55': 'ad' has no such layer; it has 'fc5'"),
        ({"waves_from": "fc5", "waves_to": "fc2"}, "comes before --waves-from 'fc5'"),
        ({"waves_to": "fc2"}, "name the first layer with --waves-from"),
        ({"waves": None, "waves_from": "fc2"}, "name the file of the waves with --waves"),
    ],
)
def test_windows_that_cannot_be_are_refused_before_anything_is_built(
    options, told, tmp_path, monkeypatch
):
    monkeypatch.setattr("tilewright.sim.run.publish.has_model", lambda *_, **__: True)
    with pytest.raises(RequestError, match=told):
        run(request(**{"waves": tmp_path / "w.fst", **options}), Progress())
    assert not list(tmp_path.iterdir())
