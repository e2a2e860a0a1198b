from itertools import pairwise

import pytest

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.profile import CAUSES, EVENTS
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.sim.costs.energy import design_energy
from tilewright.sim.networks.zoo import zoo_model
from tilewright.sim.report.spans import trace_spans
from tilewright.sim.results.course import Activity, Course
from tilewright.sim.results.rows import (
    energy_events,
    measured_rows,
    unmeasured_rows,
    weight_writes,
)
from tilewright.sim.results.segments import Segment
from tilewright.sim.results.streams import sent_by_layer

CONFIG = Config(npu=NpuConfig(rows=4, cols=6, port_bytes=16, bus_bytes=8))


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "kws.onnx"
    return compile_model(import_onnx(path, zoo_model("kws")), CONFIG)


def segment(layer, start, cycles, *, engine="npu", active=0, **counts):
    causes = {name: counts.get(name, 0) for name, _ in CAUSES} if engine == "npu" else {}
    events = {name: counts.get(name, 0) for name, _ in EVENTS} if engine == "npu" else {}
    return Segment(
        layer=layer,
        engine=engine,
        start=start,
        cycles=cycles,
        causes=causes,
        events=events,
        cpu_active=active,
    )


@pytest.fixture
def segments(program):
    """Two layers on the NPU, the end of their stream, and the last layer on the CPU."""
    last = len(program.layers) - 1
    return (
        segment(None, 0, 10, engine="cpu", active=10),
        segment(0, 10, 500, active=20, busy=400, weights=60, drain=20, mac=9000,
                accumulator_access=9100, scratchpad_read_words=100, scratchpad_write_words=30,
                weight_buffer_read_words=50, requantise=64, elementwise=70, table=5,
                memory_read_beats=90),
        segment(1, 510, 100, busy=100, memory_write_beats=3),
        segment(None, 610, 40, active=40) ,
        segment(last, 650, 300, engine="cpu", active=300),
        segment(None, 950, 50, engine="cpu", active=50),
    )  # fmt: skip


def test_rows_add_up_and_keep_the_networks_order(program, segments):
    rows = measured_rows(program, segments, sent_by_layer(program))
    assert sum(row.cycles for row in rows) == 1000
    assert [row.cycles for row in rows] == [500, 100, 300, 60, 40]
    assert [row.engine for row in rows] == ["npu", "npu", "cpu", "cpu", "npu"]
    assert rows[0].name == program.layers[0].name
    assert [row.macs for row in rows[-2:]] == [0, 0]


def test_utilisation_and_stalls(program, segments):
    row = measured_rows(program, segments, sent_by_layer(program))[0]
    assert row.mac_utilisation == pytest.approx(program.layers[0].macs / (500 * 4 * 6))
    assert "busy" not in row.stalls
    assert (row.stalls["weights"], row.stalls["drain"]) == (60, 20)
    assert row.stalls["cpu"] == 500 - 400 - 60 - 20


def test_events_are_bytes_of_the_configured_widths(segments):
    assert energy_events(CONFIG, segments[1:2], weight_bytes=77) == {
        "npu_cycles": 400 + 60 + 20,
        "busy_cycles": 400,
        "mac": 9000,
        "live_products": 9000,
        "accumulator_access": 9100,
        "requantise": 64,
        "elementwise": 70,
        "table_access_bytes": 5 * 4,
        "scratchpad_read_bytes": 100 * 16,
        "scratchpad_write_bytes": 30 * 16,
        "weight_buffer_read_bytes": 50 * 4,
        "weight_buffer_write_bytes": 77,
        "main_memory_read_bytes": 90 * 8,
        "main_memory_write_bytes": 0,
        "cpu_active_cycles": 20,
        "cpu_sleep_cycles": 480,
    }
    assert energy_events(CONFIG, segments[4:5]) == {"cpu_active_cycles": 300, "cpu_sleep_cycles": 0}


@pytest.mark.parametrize(
    ("written", "reads", "shares"),
    [
        (600, {0: 10, 1: 20, None: 30}, {0: 100, 1: 200, None: 300}),
        # A third each: rounded, and still all of them.
        (10, {0: 1, 1: 1, 2: 1}, {0: 3, 1: 3, 2: 4}),
        (7, {0: 0, 1: 5}, {0: 0, 1: 7}),
        (0, {0: 0}, {0: 0}),
    ],
)
def test_weights_are_written_as_layers_read(written, reads, shares):
    assert weight_writes(written, reads) == shares


def test_rows_share_the_weights_that_are_sent(program, segments):
    """Layer 0 alone reads of main memory: 90 words."""
    sent = sent_by_layer(program)
    rows = measured_rows(program, segments, sent)
    written = [row.events.get("weight_buffer_write_bytes") for row in rows]
    assert written == [sum(told.weight_bytes for told in sent.values()), 0, None, None, 0]


def test_energy_is_that_of_the_events(program, segments):
    energy = design_energy(CONFIG)
    for row in measured_rows(program, segments, sent_by_layer(program)):
        assert row.energy_by_component_j == energy.by_component(row.events, row.cycles)
        assert row.energy_most_j >= row.energy_j


def test_rows_without_time_claim_none(program):
    rows = unmeasured_rows(program)
    assert len(rows) == len(program.layers)
    assert all(row.cycles is None and row.energy_j is None for row in rows)
    assert sum(row.macs for row in rows) == 2_656_768


def test_spans_lie_in_their_segments_and_lanes_do_not_overlap(program, segments):
    """The array works through both layers; the DMA ahead of them and once more on its own."""
    activity = (
        Activity("array", 60, 600),
        Activity("DMA", 12, 400),
        Activity("DMA", 500, 512),
        Activity("requantiser", 100, 110),
    )
    spans = trace_spans(Course(program, segments, activity))
    for lane in ("layers", "CPU", "array", "requantiser", "DMA"):
        ends = [(span.start_cycle, span.end_cycle) for span in spans if span.lane == lane]
        assert ends, lane
        assert all(a[1] <= b[0] for a, b in pairwise(ends)), lane
    cpu = sum(s.end_cycle - s.start_cycle for s in spans if s.lane == "CPU")
    assert cpu == sum(s.cpu_active for s in segments)
    array = [(s.name, s.start_cycle, s.end_cycle) for s in spans if s.lane == "array"]
    names = [layer.name for layer in program.layers[:2]]
    assert array == [(names[0], 60, 510), (names[1], 510, 600)]
    dma = [(s.name, s.start_cycle, s.end_cycle) for s in spans if s.lane == "DMA"]
    assert dma == [(names[0], 12, 400), (names[0], 500, 510), (names[1], 510, 512)]
    layers = [span for span in spans if span.lane == "layers"]
    assert [span.name for span in layers] == names
    assert layers[0].args["busy"] == 400
    assert layers[0].args["waits for weights"] == 60
    assert layers[0].args["main memory read bytes"] == 90 * 8


def test_products_with_a_weight_of_zero_do_not_live():
    config = Config()
    (one,) = [segment(0, 10, 500, active=0, busy=400, mac=9000)]
    assert energy_events(config, [one], live=0.25)["live_products"] == 2250
