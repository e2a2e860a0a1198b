"""Builds the firmware with the C compiler of the ziglang package, once for each kind of CPU.

The result is a raw binary for MEMORY_BASE, kept in the cache under a hash of all it is made of. So
is the boot stage, which receives the firmware on boards whose memory is empty at power-up.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.firmware.elf import memory_image
from tilewright.hw.header import c_header
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.hw.spec.registers import BOOT_BYTES, MEMORY_BASE
from tilewright.hw.spec.steps import STEP_KINDS, StepKind
from tilewright.verification.tools.cache import cached
from tilewright.verification.tools.process import run

SOURCES = Path(__file__).parent
BINARY = "firmware.bin"
STACK_BYTES = 8 * 1024
"""Room that the linker must find between the firmware's data and the end of its region."""

COMPILER_FLAGS = (
    "-target",
    "riscv32-freestanding-none",
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
MAIN_BYTES = {True: 896, False: 816}
"""Room for main.c, with an accelerator and without. Another room is another place of the code
behind it in the instruction cache, and other cycles."""

BOOT_SOURCES = (
    "boot/copy.S",
    "boot/main.c",
    "arithmetic.c",
    "finish.c",
    "monitor/frame.c",
    "monitor/monitor.c",
    "start.S",
)
BOOT_FLAGS = ("-Oz", "-fno-builtin", "-DTW_BOOT_STAGE=1")
"""Small, and without functions of the C library."""

BOOT_STACK_BYTES = 1024

NO_ROOM = "the firmware leaves no room for its stack"
"""What the linker says, by an assertion of link.ld."""


@dataclass(frozen=True)
class CpuFeatures:
    """What the firmware must know of a VexRiscv build.

    data_cache: there is one (4 KiB, write-through), and an instruction that empties it.
    wfi_sleeps: ``wfi`` waits for an interrupt; elsewhere it does nothing.
    multiplies: it has RV32IM; else RV32I, and the compiler's routines multiply and divide.
    """

    data_cache: bool
    wfi_sleeps: bool
    multiplies: bool = True


CPU_FEATURES: Mapping[str, CpuFeatures] = {
    "full": CpuFeatures(data_cache=True, wfi_sleeps=True),
    "standard": CpuFeatures(data_cache=True, wfi_sleeps=False),
    "lite": CpuFeatures(data_cache=False, wfi_sleeps=False),
    "imac": CpuFeatures(data_cache=True, wfi_sleeps=True),
    "min": CpuFeatures(data_cache=False, wfi_sleeps=False, multiplies=False),
}
"""Features by name of the CPU in `hw.spec.soc_config.CPU_BUILDS`."""


@dataclass(frozen=True)
class _Image:
    """What is built: name, compiler's and linker's input, and the generated header."""

    name: str
    sources: Sequence[Path]
    script: str
    flags: Sequence[str]
    header: str


def build_firmware(config: Config, steps: Iterable[str] | None = None) -> bytes:
    """The firmware for ``config``: raw bytes from MEMORY_BASE on, below the Program.

    ``steps`` names the kinds of the Program's steps: where a chip's firmware chooses its kernels
    (`hw.spec.soc_config.SocConfig.chooses_kernels`) it has those alone, elsewhere and without
    ``steps`` all of them. Kept in the cache, next to its ELF file. Raises RequestError when the
    cache cannot be written or the kernels leave no room in the firmware's part of memory,
    TilewrightError with the compiler's output when that fails.
    """
    return (_built(_firmware(config, steps)) / BINARY).read_bytes()


def build_boot_stage(config: Config) -> bytes:
    """The boot stage for ``config``: raw bytes for MEMORY_BASE. Kept and raises as the firmware."""
    return (_built(_boot_stage(config)) / BINARY).read_bytes()


def compile_firmware(config: Config, folder: Path) -> Path:
    """Compile and link in ``folder``, with the generated header; returns the ELF file there."""
    return _compile_image(_firmware(config, None), folder)


def _firmware(config: Config, steps: Iterable[str] | None) -> _Image:
    sources = [path for path in _files(".c", ".S") if path.parent.name != "boot"]
    places = {
        **_places(config),
        "stack_bytes": STACK_BYTES,
        "main_bytes": MAIN_BYTES[config.soc.npu != "none"],
    }
    flags = [*COMPILER_FLAGS, *_for_cpu(config)]
    header = c_header(_kernels(config, steps))
    return _Image("firmware", sources, _script(places, "link.ld"), flags, header)


def _kernels(config: Config, steps: Iterable[str] | None) -> Sequence[StepKind]:
    """The steps that the firmware has kernels for."""
    if steps is None or not config.soc.chooses_kernels:
        return STEP_KINDS
    used = set(steps)
    return [kind for kind in STEP_KINDS if kind.name in used]


def _boot_stage(config: Config) -> _Image:
    sources = [SOURCES / name for name in BOOT_SOURCES]
    places = _places(config)
    places |= {
        "stack_bytes": BOOT_STACK_BYTES,
        "boot_base": MEMORY_BASE + places["firmware_bytes"] - BOOT_BYTES,
    }
    flags = [*COMPILER_FLAGS, *BOOT_FLAGS, *_for_cpu(config)]
    return _Image("boot", sources, _script(places, "boot/boot.ld"), flags, c_header())


def _places(config: Config) -> dict[str, int]:
    return {"memory_base": MEMORY_BASE, "firmware_bytes": config.soc.firmware_bytes}


def _script(places: Mapping[str, int], name: str) -> str:
    """The linker script of that name, behind the places that it asks for."""
    lines = (f"{place} = {value:#x};\n" for place, value in places.items())
    return "".join(lines) + (SOURCES / name).read_text()


def _built(image: _Image) -> Path:
    """The folder that holds BINARY and the ELF file."""

    def build(folder: Path) -> None:
        elf = _compile_image(image, folder).read_bytes()
        (folder / BINARY).write_bytes(memory_image(elf, MEMORY_BASE))

    folder, _ = cached("firmware", _key(image), build)
    return folder


def _compile_image(image: _Image, folder: Path) -> Path:
    (folder / "tilewright.h").write_text(image.header)
    (folder / "link.ld").write_text(image.script)
    elf = f"{image.name}.elf"
    # Not by the folder's path: Zig cannot read its own lists of headers with a newline in a name.
    include = [f"-I{path}" for path in (".", SOURCES, SOURCES / "port")]
    flags = [*image.flags, *LINKER_FLAGS]
    _compile(folder, *flags, *include, *map(str, image.sources), "-T", "link.ld", "-o", elf)
    return folder / elf


def _files(*suffixes: str) -> Sequence[Path]:
    return sorted(path for path in SOURCES.rglob("*") if path.suffix in suffixes)


def _for_cpu(config: Config) -> list[str]:
    features = CPU_FEATURES[config.soc.cpu]
    values = {
        "TW_FIRMWARE_BYTES": config.soc.firmware_bytes,
        "TW_HAS_NPU": config.soc.npu != "none",
        "TW_DATA_CACHE": features.data_cache,
        "TW_WFI_SLEEPS": features.wfi_sleeps,
        "TW_HAS_CHECKER": config.has_checker,
    }
    core = "-mcpu=generic_rv32+m" if features.multiplies else "-mcpu=generic_rv32"
    return [core, *(f"-D{name}={int(value)}u" for name, value in values.items())]


def _key(image: _Image) -> str:
    """Hash of everything that the binary depends on."""
    key = hashlib.sha256(importlib.metadata.version("ziglang").encode())
    for text in (image.name, *image.flags, *LINKER_FLAGS, image.script, image.header):
        key.update(text.encode() + b"\0")
    for path in _files(".c", ".h", ".S"):
        key.update(path.relative_to(SOURCES).as_posix().encode() + b"\0" + path.read_bytes())
    return key.hexdigest()[:16]


def _compile(folder: Path, *arguments: str) -> None:
    """Run the compiler in ``folder``; its output is the message of the error when it fails."""
    with tempfile.TemporaryDirectory() as zig_cache:
        directories = {"ZIG_GLOBAL_CACHE_DIR": zig_cache, "ZIG_LOCAL_CACHE_DIR": zig_cache}
        command = [sys.executable, "-m", "ziglang", "cc", *arguments]
        status, output = run(command, folder, os.environ | directories)
    if status:
        log = output.strip()
        if NO_ROOM in log:
            raise RequestError(
                "the CPU's kernels for this network leave the firmware no room in its part of main "
                "memory; a cpu other than min has more room for them"
            )
        raise TilewrightError(f"the firmware cannot be built; the compiler says:\n{log}")
