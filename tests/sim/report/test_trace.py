import json

import pytest

from tilewright.sim.report.trace import LANES, TraceCounter, TraceSpan, write_trace

SPANS = [
    TraceSpan(lane="CPU", name="start-up", start_cycle=0, end_cycle=50),
    TraceSpan(lane="DMA", name="weights", start_cycle=10, end_cycle=30, args={"bytes": 160}),
]
CURVE = TraceCounter(name="power (W)", series="mean", values=[(0, 0.5), (25, 0.25)])


def test_times_are_microseconds_and_lanes_are_named(tmp_path):
    path = tmp_path / "t.json"
    write_trace(path, SPANS, [CURVE], 50_000_000, "net")
    events = json.loads(path.read_text())["traceEvents"]
    names = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    assert set(names.values()) == set(LANES)
    spans = {e["name"]: e for e in events if e["ph"] == "X"}
    assert (spans["weights"]["ts"], spans["weights"]["dur"]) == pytest.approx((0.2, 0.4))
    assert names[spans["weights"]["tid"]] == "DMA"
    assert spans["weights"]["args"] == {"cycles": 20, "bytes": 160}
    assert {e["pid"] for e in events} == {1}
    # 25 cycles of 20 ns.
    assert [(e["name"], e["ts"], e["args"]) for e in events if e["ph"] == "C"] == [
        ("power (W)", 0, {"mean": 0.5}),
        ("power (W)", pytest.approx(0.5), {"mean": 0.25}),
    ]


@pytest.mark.parametrize(
    "span",
    [
        TraceSpan(lane="GPU", name="x", start_cycle=0, end_cycle=1),
        TraceSpan(lane="CPU", name="x", start_cycle=2, end_cycle=1),
    ],
)
def test_a_span_that_makes_no_sense_is_refused(span, tmp_path):
    with pytest.raises(ValueError, match="not a span"):
        write_trace(tmp_path / "t.json", [span], [], 1, "net")
    assert list(tmp_path.iterdir()) == []
