"""The bench's designs, arithmetic and table; how fast anything is nobody asserts."""

import io
import json

import pytest
from rich.console import Console

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.measure import bench
from tilewright.sim.measure.bench import Rate, Speed, alike, designs, print_speeds, to_dict
from tilewright.sim.progress import Progress
from tilewright.sim.run.predict import mapping_of

SPEEDS = [
    Speed(
        name="net",
        import_s=0.25,
        first_s=0.0625,
        mapped=Rate(50, 2.0),
        alike=Rate(250, 1.0),
        peak_memory_bytes=210_000_000,
    ),
    Speed(
        name="none",
        import_s=1.5,
        first_s=2.0,
        mapped=Rate(0, 3.0),
        alike=Rate(0, 0.0),
        peak_memory_bytes=0,
    ),
]


def test_rates_are_points_by_seconds():
    assert Rate(50, 2.0).per_second == 25
    assert Rate(0, 3.0).per_second is None
    assert Rate(0, 0.0).per_second is None


def test_designs_are_seeded_and_differ_in_their_mapping():
    found = designs(60)
    assert found == designs(60)
    assert found[:20] == designs(20)
    assert len({mapping_of(config) for config in found}) == 60
    for field, choices in bench.CHOICES.items():
        assert {config.flat()[field] for config in found} == set(choices)


def test_designs_alike_share_a_mapping():
    config = designs(3)[2]
    found = list(alike(config))
    assert found == list(alike(config))
    assert len(found) == bench.ALIKE
    assert {mapping_of(other) for other in found} == {mapping_of(config)}
    assert len({other.soc for other in found}) > 1


def test_every_design_is_counted_and_those_that_do_not_fit_are_not(monkeypatch):
    """The third design does not fit; its time counts, and nothing is alike it."""
    configs = designs(4)
    seen = []
    clock = iter(range(1000))

    class Fake:
        def __init__(self, network):
            assert network.name == "ad"

        def predict(self, config):
            seen.append(config)
            if config == configs[2]:
                raise RequestError("does not fit")

    monkeypatch.setattr(bench, "Predictor", Fake)
    monkeypatch.setattr(bench.time, "process_time", lambda: float(next(clock)))
    speed = bench.measure("ad", configs, Progress())
    assert speed.mapped == Rate(3, 4.0)
    assert speed.alike == Rate(3 * bench.ALIKE, 3.0 * bench.ALIKE)
    assert (speed.import_s, speed.first_s) == (1.0, 1.0)
    assert [config for config in seen if config in configs] == configs


def test_the_table_shows_times_and_rates():
    console = Console(file=io.StringIO(), width=100)
    print_speeds(SPEEDS, console)
    lines = console.file.getvalue().splitlines()
    net = next(line for line in lines if line.split()[:1] == ["net"])
    assert net.split() == ["net", "250", "ms", "62", "ms", "50", "25.0", "250.0", "210", "MB"]
    none = next(line for line in lines if line.split()[:1] == ["none"])
    assert none.split() == ["none", "1,500", "ms", "2,000", "ms", "0", "-", "-", "0", "MB"]


def test_the_command_measures_a_network_and_writes_its_figures(tmp_path, capsys):
    path = tmp_path / "bench.json"
    bench.bench(["ad"], 2, path)
    document = json.loads(path.read_text())
    assert document["schema"] == "tilewright.bench/1"
    (network,) = document["networks"]
    assert network["name"] == "ad"
    assert network["mapped"]["points"] == 2
    assert network["alike"]["points"] == 2 * bench.ALIKE
    rate = network["mapped"]
    assert rate["per_second"] == pytest.approx(rate["points"] / rate["seconds"])
    assert network["peak_memory_bytes"] > 1_000_000
    assert " ad " in capsys.readouterr().out


def test_figures_are_json():
    assert json.loads(json.dumps(to_dict(SPEEDS)))["networks"][1]["mapped"]["per_second"] is None


@pytest.mark.parametrize("points", [0, 2001])
def test_a_senseless_number_of_points_is_refused(points):
    with pytest.raises(RequestError, match=rf"--points {points}: must be 1\.\.2000"):
        bench.bench(None, points, None)
