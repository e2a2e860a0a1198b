import struct

from tilewright.hw.spec.profile import CAUSES, EVENTS, RECORD_WORDS
from tilewright.hw.spec.program import Step
from tilewright.hw.spec.steps import NPU, SOFTMAX
from tilewright.sim.results.segments import read_segments

WRAP = 1 << 32


def record(layer, time, causes, events):
    words = [layer, time % WRAP, *causes, *events]
    return struct.pack(f"<{RECORD_WORDS}I", *words, *[0] * (RECORD_WORDS - len(words)))


def times(*rows):
    return b"".join(struct.pack("<4I", *(word % WRAP for word in row)) for row in rows)


NPU_STEP = Step(NPU, 0, {"commands": 0})
SOFTMAX = Step(SOFTMAX, 2, {})
NO_CAUSES = [0] * len(CAUSES)
NO_EVENTS = [0] * len(EVENTS)


def test_an_inference_across_the_clocks_wrap_is_cut_at_the_records():
    # Step 0 on the NPU from -100 to 900, asleep 940 of these 1000 cycles; then softmax until 950.
    origin = -100
    causes = [[200, 20, 0, 0, 0, 18, 12], [650, 70, 0, 0, 0, 36, 14]]
    events = [[1000 + i for i in range(10)], [1500 + 2 * i for i in range(10)]]
    segments = read_segments(
        [NPU_STEP, SOFTMAX],
        (origin - 7) % WRAP,
        960,
        times((origin, 900, 940, 0), (900, 950, 0, 0)),
        record(0, 160, causes[0], events[0]) + record(1, 680, causes[1], events[1]),
    )
    assert [(s.layer, s.engine, s.start, s.cycles) for s in segments] == [
        (None, "cpu", 0, 7),
        (0, "npu", 7, 260),
        (1, "npu", 267, 520),
        (None, "npu", 787, 220),
        (2, "cpu", 1007, 50),
        (None, "cpu", 1057, 10),
    ]
    assert sum(s.cycles for s in segments) == 960 + 107
    assert list(segments[1].causes.values()) == causes[0]
    assert list(segments[2].causes.values()) == [450, 50, 0, 0, 0, 18, 2]
    assert list(segments[2].events.values()) == [500 + i for i in range(10)]
    # 60 cycles awake lie behind the last record; all of the CPU's own steps are awake.
    assert [s.cpu_active for s in segments] == [7, 0, 0, 60, 50, 10]


def test_records_belong_to_the_stream_that_was_running():
    segments = read_segments(
        [NPU_STEP, NPU_STEP],
        0,
        300,
        times((0, 100, 50, 0), (100, 300, 0, 0)),
        record(4, 90, [80, *NO_CAUSES[1:]], NO_EVENTS)
        + record(5, 280, [170, *NO_CAUSES[1:]], NO_EVENTS),
    )
    assert [(s.layer, s.cycles, s.causes.get("busy")) for s in segments] == [
        (4, 90, 80),
        (None, 10, None),
        (5, 180, 170),
        (None, 20, None),
    ]
    # A CPU that does not sleep is active throughout.
    assert [s.cpu_active for s in segments] == [40, 10, 180, 20]


def test_a_network_on_the_cpu_alone():
    segments = read_segments([SOFTMAX], 10, 110, times((10, 110, 0, 0)), b"")
    assert [(s.layer, s.engine, s.cycles, dict(s.causes)) for s in segments] == [
        (2, "cpu", 100, {})
    ]
