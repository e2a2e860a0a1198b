"""Builds the firmware with the C compiler of the ziglang package, once for each kind of CPU.

The result is a raw binary for MEMORY_BASE, kept in the cache under a hash of all it is made of.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.elf import memory_image
from hw.header import c_header
from hw.spec.config import Config
from hw.spec.errors import TilewrightError
from hw.spec.registers import MEMORY_BASE
from verification.cache import cached

SOURCES = Path(__file__).parent
BINARY = "firmware.bin"
STACK_BYTES = 8 * 1024
"""Room that the linker must find between the firmware's data and the end of its region."""

COMPILER_FLAGS = (
    "-target",
    "riscv32-freestanding-none",
    "-mcpu=generic_rv32+m",
    "-std=c11",
    "-O2",
    "-g0",
    "-fwrapv",
    "-fno-sanitize=all",
    "-fno-asynchronous-unwind-tables",
    "-fno-stack-protector",
    "-fomit-frame-pointer",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wall",
    "-Wextra",
    "-Werror",
)
LINKER_FLAGS = ("-nostdlib", "-Wl,--gc-sections")
MEMORY_SCRIPT = """\
memory_base = {memory_base:#x};
firmware_bytes = {firmware_bytes:#x};
stack_bytes = {stack_bytes:#x};
"""
"""Goes in front of link.ld, with the configuration's sizes."""


@dataclass(frozen=True)
class CpuFeatures:
    """What the firmware must know of a VexRiscv build; all of them have RV32IM.

    data_cache: there is one (4 KiB, write-through), and an instruction that empties it.
    wfi_sleeps: ``wfi`` waits for an interrupt; elsewhere it does nothing.
    """

    data_cache: bool
    wfi_sleeps: bool


CPU_FEATURES: Mapping[str, CpuFeatures] = {
    "full": CpuFeatures(data_cache=True, wfi_sleeps=True),
    "standard": CpuFeatures(data_cache=True, wfi_sleeps=False),
    "lite": CpuFeatures(data_cache=False, wfi_sleeps=False),
    "imac": CpuFeatures(data_cache=True, wfi_sleeps=True),
}
"""Features by name of the CPU in `hw.spec.config.CPU_VARIANTS`."""


def build_firmware(config: Config) -> bytes:
    """The firmware for ``config``: raw bytes from MEMORY_BASE on, at most its
    ``firmware_bytes``.

    Kept in the cache, next to its ELF file. Raises RequestError when the cache cannot be written,
    TilewrightError with the compiler's output when that fails.
    """

    def build(folder: Path) -> None:
        image = memory_image(compile_firmware(config, folder).read_bytes(), MEMORY_BASE)
        (folder / BINARY).write_bytes(image)

    folder, _ = cached("firmware", _key(config), build)
    return (folder / BINARY).read_bytes()


def compile_firmware(config: Config, folder: Path) -> Path:
    """Compile and link in ``folder``, with the generated header; returns the ELF file there."""
    (folder / "tilewright.h").write_text(c_header(config.soc.firmware_bytes))
    link_script = folder / "link.ld"
    link_script.write_text(_memory_script(config) + (SOURCES / "link.ld").read_text())
    elf = folder / "firmware.elf"
    sources = [str(path) for path in _sources() if path.suffix in (".c", ".S")]
    include = [f"-I{path}" for path in (folder, SOURCES, SOURCES / "port")]
    flags = [*COMPILER_FLAGS, *_defines(config), *LINKER_FLAGS]
    _compile(*flags, *include, *sources, "-T", str(link_script), "-o", str(elf))
    return elf


def _memory_script(config: Config) -> str:
    return MEMORY_SCRIPT.format(
        memory_base=MEMORY_BASE,
        firmware_bytes=config.soc.firmware_bytes,
        stack_bytes=STACK_BYTES,
    )


def _sources() -> Sequence[Path]:
    return sorted(path for path in SOURCES.rglob("*") if path.suffix in (".c", ".h", ".S", ".ld"))


def _defines(config: Config) -> list[str]:
    features = CPU_FEATURES[config.soc.cpu]
    values = {
        "TW_HAS_NPU": config.soc.npu != "none",
        "TW_DATA_CACHE": features.data_cache,
        "TW_WFI_SLEEPS": features.wfi_sleeps,
    }
    return [f"-D{name}={int(value)}" for name, value in values.items()]


def _key(config: Config) -> str:
    """Hash of everything that the binary depends on."""
    key = hashlib.sha256(importlib.metadata.version("ziglang").encode())
    texts = (_memory_script(config), c_header(config.soc.firmware_bytes))
    for text in (*COMPILER_FLAGS, *_defines(config), *LINKER_FLAGS, *texts):
        key.update(text.encode() + b"\0")
    for path in _sources():
        key.update(path.relative_to(SOURCES).as_posix().encode() + b"\0" + path.read_bytes())
    return key.hexdigest()[:16]


def _compile(*arguments: str) -> None:
    """Run the compiler; its output is the message of the error when it fails."""
    with tempfile.TemporaryDirectory() as zig_cache:
        directories = {"ZIG_GLOBAL_CACHE_DIR": zig_cache, "ZIG_LOCAL_CACHE_DIR": zig_cache}
        command = [sys.executable, "-m", "ziglang", "cc", *arguments]
        run = subprocess.run(
            command, env=os.environ | directories, capture_output=True, text=True, check=False
        )
    if run.returncode:
        log = (run.stdout + run.stderr).strip()
        raise TilewrightError(f"the firmware cannot be built; the compiler says:\n{log}")
