"""The chip without accelerator, as Verilog, runs a C program under cocotb."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.memory_map import PROGRAM_BASE
from tilewright.hw.header import write_header
from tilewright.hw.spec.registers import EXIT_STATUS, MEMORY_BASE
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.soc_config import CPU_VARIANTS, FIRMWARE_BYTES
from tilewright.verification.cosim.build import build_model
from tilewright.verification.cosim.simulate import Job, simulate

HERE = Path(__file__).parent
LIMIT = 1_000_000

pytestmark = pytest.mark.rtl


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bringup")
    write_header(folder / "tilewright.h")

    @cache
    def build(scenario):
        elf, binary = folder / f"{scenario}.elf", folder / f"{scenario}.bin"
        zig = [sys.executable, "-m", "ziglang"]
        flags = "-target riscv32-freestanding-none -mcpu=generic_rv32+m -O2 -g0 -nostdlib -Wall"
        flags += " -fno-sanitize=all -fno-asynchronous-unwind-tables"
        flags += f" -DTW_FIRMWARE_BYTES={FIRMWARE_BYTES}"
        subprocess.run(
            [
                *(*zig, "cc", *flags.split(), f"-DSCENARIO={scenario}", f"-I{folder}"),
                *("-T", str(HERE / "bringup.ld"), str(HERE / "bringup.c"), "-o", str(elf)),
            ],
            check=True,
        )
        subprocess.run([*zig, "objcopy", "-O", "binary", str(elf), str(binary)], check=True)
        return binary.read_bytes()

    return build


def run(program, scenario, tmp_path, sets=(), ranges=(), limit=LIMIT):
    config = load_config("cpu-only", None, sets)
    executable = build_model(config).executable
    return simulate(executable, Job(config, program(scenario), list(ranges), limit), tmp_path)


@pytest.mark.parametrize(
    "sets",
    [
        ["cpu=full"],
        ["cpu=standard", "bus_bytes=4", "memory_latency=1"],
        ["cpu=lite", "bus_bytes=16", "memory_latency=2"],
        ["cpu=imac", "bus_bytes=16", "memory_latency=33"],
    ],
    ids=CPU_VARIANTS,
)
def test_every_cpu_boots_prints_takes_interrupts_and_fills_its_caches(program, sets, tmp_path):
    outcome = run(program, 0, tmp_path, sets)
    assert (outcome.reason, outcome.status) == ("finished", EXIT_STATUS["success"])
    assert outcome.uart == "hello\ntubhcm\n"


def test_memory_comes_back_whatever_its_alignment(program, tmp_path):
    ranges = [(PROGRAM_BASE + 4 * 5 + 1, 6), (MEMORY_BASE, 3), (PROGRAM_BASE + 4096, 4096)]
    outcome = run(program, 0, tmp_path, ranges=ranges)
    words = b"".join((i * 2654435761 % (1 << 32)).to_bytes(4, "little") for i in range(4096))
    assert outcome.memory == [words[21:27], program(0)[:3], words[4096:8192]]


@pytest.mark.parametrize(
    ("scenario", "cause", "value"),
    [(1, 5, 0x1000_0000), (3, 1, 0x2000_0000), (4, 5, 0xF000_0000)],
    ids=["load", "fetch", "no-npu"],
)
def test_loads_and_fetches_from_nothing_trap(program, scenario, cause, value, tmp_path):
    outcome = run(program, scenario, tmp_path)
    assert (outcome.reason, outcome.status) == ("finished", EXIT_STATUS["trap"])
    got_cause, pc, got_value = outcome.trap
    assert (got_cause, got_value) == (cause, value)
    assert pc == value if scenario == 3 else MEMORY_BASE < pc < MEMORY_BASE + len(program(scenario))


def test_a_store_to_nothing_ends_the_run(program, tmp_path):
    outcome = run(program, 2, tmp_path)
    assert outcome.reason == "bus_error"
    assert MEMORY_BASE < outcome.cpu_pc < MEMORY_BASE + len(program(2))
    assert outcome.uart == "hello\n"


def test_the_watchdog_ends_a_run_and_the_npu_that_is_not_there_is_reported(program, tmp_path):
    outcome = run(program, 0, tmp_path, limit=2000)
    assert outcome.reason == "watchdog"
    assert 2000 <= outcome.cycle < 2010
    assert outcome.npu == {"STATUS": None, "DEBUG": None, "COMPLETED": None}
