"""Which edits of the hardware's sources are edits of the hardware."""

import subprocess
import sys

import pytest

from tilewright.hw.spec.settings import load_config
from tilewright.verification.tools.description import CHIP, SOURCES, described, source_key

BOARD = "tilewright.hw.fpga.sources"
COMMENT = "\n# Otherwise.\n"


def described_with(entry: str, path: str, text: str) -> dict[str, str]:
    assert path in SOURCES
    return described(entry, {**SOURCES, path: text})


@pytest.mark.parametrize(
    "path",
    [
        "hw/fpga/boards.py",
        "hw/fpga/top.py",
        "hw/header.py",
        "hw/reference.py",
        "hw/spec/monitor.py",
        "hw/spec/elementwise.py",
        "hw/spec/kernels.py",
        "hw/spec/program.py",
    ],
)
def test_what_makes_no_rtl_is_not_described(path):
    assert described_with(CHIP, path, "raise SystemExit") == described(CHIP, SOURCES)


@pytest.mark.parametrize(
    "path",
    [
        "hw/block_ram.py",
        "hw/netlist.py",
        "hw/npu/memory/scratchpad.py",
        "hw/npu/compute/array.py",
        "hw/npu/microcode/npu.py",
        "hw/soc/soc.py",
        "hw/soc/main_memory.sv",
        "hw/spec/arithmetic/sigmoid_int16.py",
        "hw/spec/commands.py",
        "hw/spec/numerics.py",
    ],
)
def test_what_makes_rtl_is_described(path):
    changed = described_with(CHIP, path, SOURCES[path] + "\nassert True\n")
    assert changed != described(CHIP, SOURCES)


def test_the_chip_and_its_board_belong_to_the_description_of_a_boards_chip():
    chip = described_with(BOARD, "hw/soc/soc.py", "raise SystemExit")
    assert chip != described(BOARD, SOURCES)
    text = SOURCES["hw/fpga/boards.py"]
    changed = text.replace("oscillator_hz=12_000_000", "oscillator_hz=13_000_000")
    assert changed != text
    assert described_with(BOARD, "hw/fpga/boards.py", changed) != described(BOARD, SOURCES)


@pytest.mark.parametrize("path", ["hw/fpga/boards.py", "hw/npu/compute/array.py"])
def test_comments_docstrings_and_looks_say_nothing(path):
    text = SOURCES[path]
    head, quotes, rest = text.partition('"""')
    for changed in (
        text + COMMENT,
        f"{head}{quotes}Otherwise. {rest}",
        text.replace(" = ", "  =  "),
    ):
        assert changed != text
        assert described_with(BOARD, path, changed) == described(BOARD, SOURCES)


def test_everything_that_python_loads_for_the_chip_is_described():
    """The imports that are found in the text, against those that happen."""
    script = (
        "import sys, tilewright.hw.verilog\n"
        "from tilewright.hw.npu.microcode import npu\n"
        "from tilewright.hw.npu import npu\n"
        "print(*(n for n in sys.modules if n.split('.')[:2] == ['tilewright', 'hw']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    files = {
        path.removesuffix("/__init__.py").removesuffix(".py") for path in described(CHIP, SOURCES)
    }
    assert {
        name.replace(".", "/").removeprefix("tilewright/") for name in done.stdout.split()
    } <= files


def test_a_key_depends_on_hardware_and_what_is_done_beside_it():
    config = load_config("tiny")
    keys = {
        source_key(config),
        source_key(config, "synthesis"),
        source_key(config, entry=BOARD),
        source_key(load_config("tiny", None, ["rows=3"])),
    }
    assert len(keys) == 4
    assert source_key(load_config("tiny", None, ["clock_hz=1000000"])) in keys
