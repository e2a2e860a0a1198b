import subprocess
import sys
from pathlib import Path

from tilewright.hw.generate import main
from tilewright.hw.header import c_header, write_header
from tilewright.hw.reference import references
from tilewright.hw.spec import commands, profile, program, registers
from tilewright.hw.spec.steps import STEP_KINDS

PROJECT = Path(__file__).parents[2]


def test_reference_pages_in_docs_are_up_to_date():
    for name, text in references().items():
        assert (PROJECT / "docs" / name).read_text() == text, "run: python -m hw.generate docs"


def test_header_gives_the_layout_that_python_encodes(tmp_path):
    """A compiler's view of the structs, against positions counted here."""
    write_header(tmp_path / "tilewright.h")
    checks = [
        f"offsetof(struct tw_{peripheral.name.lower()}, {register.name}) == {register.offset}"
        for peripheral in registers.PERIPHERALS
        for register in peripheral.registers
    ]
    for kind in STEP_KINDS:
        checks += [
            f"offsetof(struct tw_step, {kind.name.lower()}.{name}) == {8 + 4 * i}"
            for i, name in enumerate(kind.parameters)
        ]
    for owner, fields in (
        ("tw_program", [name for name, _ in program.HEADER_WORDS]),
        ("tw_profile_record", profile.RECORD),
    ):
        checks += [f"offsetof(struct {owner}, {name}) == {4 * i}" for i, name in enumerate(fields)]
    checks += [
        "sizeof(struct tw_step) == 128",
        "sizeof(struct tw_profile_record) == 96",
        "TW_MEMORY_BASE == 0x40000000",
        "TW_PROGRAM_BASE == 0x40010000",
        "TW_STEP_SOFTMAX == 8",
        "TW_OPCODE_DEPTHWISE == 0x11",
        "TW_COMMAND_WAIT_MASK == 0xffff0000",
        "TW_NPU_STATUS_ERROR_MASK == 0xf0 && TW_NPU_STATUS_ERROR_LSB == 4",
        "TW_NPU_BASE == 0xf0000000 && TW_FINISHER_BASE == 0xf0030000",
    ]
    lines = [f'_Static_assert({check}, "{check}");' for check in checks]
    source = tmp_path / "check.c"
    source.write_text("\n".join(["#include <stddef.h>", '#include "tilewright.h"', *lines]))
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", "riscv32-freestanding-none"]
    flags = ["-DTW_FIRMWARE_BYTES=0x10000u", "-Wall", "-Wextra", "-Werror", "-c", "-o"]
    subprocess.run([*compiler, *flags, str(tmp_path / "check.o"), str(source)], check=True)


def test_header_is_written_only_when_it_changes(tmp_path):
    path = tmp_path / "tilewright.h"
    assert main(["header", str(path)]) == 0
    before = path.stat().st_mtime_ns
    write_header(path)
    assert path.stat().st_mtime_ns == before
    path.write_text("old")
    write_header(path)
    assert path.read_text() == c_header()


def test_every_command_is_in_the_reference():
    text = references()["commands.md"]
    for opcode, fields in commands.BODY.items():
        section = text.partition(f"## {opcode.name} (")[2].partition("\n## ")[0]
        assert all(f"`{field.name}`" in section for field in fields)


def test_unknown_request_is_refused(capsys):
    assert main(["nonsense"]) == 2
    assert "hw.generate header" in capsys.readouterr().err
