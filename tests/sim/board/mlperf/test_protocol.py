"""The device's words, on a chip that is told what to answer."""

import numpy as np
import pytest

from tests.mapper.networks import Sketch
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.settings import load_config
from tilewright.sim.board.mlperf.benchmarks import BENCHMARKS, Codec
from tilewright.sim.board.mlperf.chip import Answer
from tilewright.sim.board.mlperf.protocol import Device

CLOCK_HZ = 25_000_000
CYCLES = 10_010


class FakeChip:
    """Takes CYCLES an inference and answers with the input's first two elements."""

    config = load_config(sets=[f"clock_hz={CLOCK_HZ}"])

    def __init__(self):
        self.asked, self.resets = [], 0

    def reset_states(self):
        self.resets += 1

    def infer(self, rows, count):
        self.asked.append((rows, count))
        first = next(iter(rows[-1].values())).reshape(-1)[:2]
        return Answer({"y": first}, CYCLES * len(rows), "told")


def device(benchmark="kws", **options):
    """(device, chip, lines): a network of one to one, 2 bytes of scale 0.5 and zero point 4."""
    sketch = Sketch(shape=(1, 1, 1, 2), scale=0.5, zero_point=4)
    graph = sketch.graph(sketch.conv("x", "y", 2, scale=0.5, zero_point=4))
    lines, chip = [], FakeChip()
    chosen = BENCHMARKS[benchmark]
    return Device(chosen, Codec(chosen, graph), chip, lines.append, **options), chip, lines


def answers(device, lines, text):
    """What was said to a text; every command's answer ends with m-ready."""
    lines.clear()
    device.receive(text)
    assert lines.count("m-ready") == text.count("%")
    return [line for line in lines if line != "m-ready"]


def test_it_starts_and_tells_who_it_is():
    dut, _, lines = device()
    dut.boot()
    assert lines == ["m-timestamp-mode-performance", "m-lap-us-0", "m-init-done", "m-ready"]
    assert answers(dut, lines, "name%") == ["m-name-dut-[tilewright]"]
    assert answers(dut, lines, "profile%") == [
        "m-profile-[ULPMark for tinyML Firmware V0.0.1]",
        "m-model-[kws01]",
    ]
    assert answers(dut, lines, "help%")[0] == "ULPMark for tinyML Firmware V0.0.1"


def test_an_inference_and_its_time():
    spent, told = [], []
    dut, chip, lines = device(spend=spent.append, done=told.append)
    assert answers(dut, lines, "db load 2%db 05fe%infer 3 2%") == [
        "m-[Expecting 2 bytes]",
        "m-load-done",
        "m-warmup-start-2",
        "m-warmup-done",
        "m-infer-start-3",
        # 10,010 cycles of 40 ns are 400.4 us.
        "m-lap-us-800",
        "m-lap-us-2002",
        "m-infer-done",
        "m-results-[0.500,-3.000]",
    ]
    ((row,), count) = chip.asked[0]
    assert row["x"].reshape(-1).tolist() == [5, -2]
    assert count == 5
    assert spent == pytest.approx([800.8e-6, 1201.2e-6])
    assert (told[0].cycles, told[0].seconds) == (CYCLES, pytest.approx(2002e-6))
    assert answers(dut, lines, "results%timestamp%") == [
        "m-results-[0.500,-3.000]",
        "m-lap-us-2002",
    ]


def test_time_that_is_held_back_is_not_the_chips():
    spent = []
    dut, _, lines = device(hold_s=2.0, spend=spent.append)
    answers(dut, lines, "db load 2%db 0000%")
    assert "m-lap-us-800" in answers(dut, lines, "infer 2 0%")
    assert answers(dut, lines, "infer 1 0%")[3:5] == ["m-lap-us-800", "m-lap-us-1201"]
    assert spent == pytest.approx([0, 2.0, 0, 400.4e-6])


def test_counts_that_are_left_out():
    dut, chip, lines = device()
    answers(dut, lines, "db load 2%db 0000%")
    assert answers(dut, lines, "infer%")[::2][:2] == ["m-warmup-start-10", "m-infer-start-1"]
    assert answers(dut, lines, "infer 4%")[0] == "m-warmup-start-10"
    assert [count for _, count in chip.asked] == [11, 14]


def test_bytes_of_each_benchmark():
    dut, chip, lines = device("ic")
    answers(dut, lines, "db load 2%db 00ff%infer 1 0%")
    assert chip.asked[0][0][0]["x"].reshape(-1).tolist() == [-128, 127]
    dut, chip, lines = device("ad")
    data = np.array([1.0, -3.2], "<f4").tobytes()
    said = answers(dut, lines, f"db load 8%db {data.hex()}%infer 1 0%")
    # 1.0 / 0.5 + 4 and -6.4 + 4, rounded; answered are 1.0 and -3.0: (0.2 ** 2) / 2.
    assert chip.asked[0][0][0]["x"].reshape(-1).tolist() == [6, -2]
    assert said[-1] == "m-results-[0.020]"
    nan = np.array([1.0, np.nan], "<f4").tobytes()
    assert "not finite" in answers(dut, lines, f"db load 8%db {nan.hex()}%infer 1 0%")[-1]


def test_several_frames_are_one_inference():
    dut, chip, lines = device("sww")
    said = answers(dut, lines, "db load 6%db 040406060808%infer 1 0%")
    assert [row["x"].reshape(-1).tolist() for row in chip.asked[0][0]] == [[4, 4], [6, 6], [8, 8]]
    assert said[6:] == ["m-lap-us-1201", "m-infer-done", "m-results-[2.000,2.000]"]


def test_a_stream_begins_and_ends():
    dut, chip, lines = device("sww")
    assert answers(dut, lines, "stop%") == ["m-[Not streaming]"]
    answers(dut, lines, "db load 2%start%")
    assert chip.resets == 1
    answers(dut, lines, "db 0606%infer 1 0%db load 2%db 0806%infer 1 0%")
    assert answers(dut, lines, "stop%") == ["target activations:", "[1.000, 2.000]"]


def test_a_buffer_is_filled_in_parts_and_printed():
    dut, _, lines = device()
    assert answers(dut, lines, "db load 10%db 000102%db 030405060708%") == [
        "m-[Expecting 10 bytes]"
    ]
    # What comes after the last byte is passed by.
    assert answers(dut, lines, "db 09aabb%") == ["m-load-done"]
    assert answers(dut, lines, "db print%") == [
        "m-buffer-00-01-02-03-04-05-06-07",
        "m-buffer-08-09",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense 1%", "e-[Unknown command: nonsense]"),
        ("%", "e-[Unknown command: ]"),
        ("db%", "e-[Command 'db' requires a subcommand]"),
        ("db load%", "e-[Command 'db load' requires the # of bytes]"),
        ("db load x%", "e-[Command 'db load' must be >0 bytes]"),
        ("db load 99999%", "e-[Supplied buffer size 99999 exceeds maximum of 27648]"),
        ("db 00%", "e-[Nothing is expected: db load N comes first]"),
        ("db load 2%db 012%", "e-[Insufficent number of hex digits]"),
        ("db load 2%db 0g%", "e-[Invalid hex digit '0g']"),
        ("infer 0%", "e-[Inference iterations must be >0]"),
        ("infer 1 -1%", "e-[Inference warmup must be >=0]"),
        ("results%", "e-[No inference has ended yet]"),
        ("db load 2%db 00%infer 1 0%", "e-[Input db has 1 bytes, expected 2]"),
        ("db load 3%db 000000%infer 1 0%", "e-[Input db has 3 bytes, expected 2]"),
    ],
)
def test_what_is_refused(text, said):
    dut, chip, lines = device()
    assert answers(dut, lines, text)[-1] == said
    assert not chip.asked


def test_an_empty_buffer_stands_for_zeros():
    dut, chip, lines = device()
    assert answers(dut, lines, "infer 1 0%")[0] == "Input db is empty: zeros are inferred"
    assert chip.asked[0][0][0]["x"].reshape(-1).tolist() == [4, 4]


def test_a_command_is_kept_to_80_characters():
    dut, _, lines = device()
    answers(dut, lines, "db load 100%")
    # `db ` and 77 digits, of which the last has no second one.
    assert answers(dut, lines, f"db {'00' * 50}%") == ["e-[Insufficent number of hex digits]"]


def test_a_chip_that_fails_is_heard_of():
    dut, chip, lines = device()

    def infer(rows, count):
        raise CheckError("7 elements [of y] differ\nEvidence")

    chip.infer = infer
    with pytest.raises(CheckError):
        dut.receive("infer 1 0%")
    assert lines[-1] == "e-[7 elements [of y) differ]"


def test_a_device_has_the_benchmarks_of_the_runner():
    ids = {name: benchmark.model_id for name, benchmark in BENCHMARKS.items()}
    assert ids == {"vww": "vww01", "kws": "kws01", "ic": "ic01", "ad": "ad01", "sww": "sww01"}
