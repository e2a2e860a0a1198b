"""Builds the Verilated model of a configuration, or finds it in the cache."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cocotb_tools.config

from hw.generate import write_verilog
from hw.spec.config import Config
from hw.spec.errors import RequestError, TilewrightError
from hw.spec.registers import MEMORY_BASE
from verification.cache import cached
from verification.netlist import SYNTHESIS, UNDEFINED_READS, cell_models, write_netlist
from verification.toolchain import (
    Compiler,
    find_compiler,
    require_make,
    verilator_root,
    versions,
)

HERE = Path(__file__).parent
HARDWARE = HERE.parent / "hw"
EXECUTABLE = "model"

COMMON_FLAGS = (
    "--cc",
    "--exe",
    "--prefix",
    "Vtop",
    "--top-module",
    "top",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--no-assert",
    # Fewer, larger files: each costs a second for its headers.
    "--output-groups",
    "2",
    # Yosys and SpinalHDL write widths as they come; real mistakes stop at Amaranth.
    "-Wno-WIDTH",
    "-Wno-CASEINCOMPLETE",
    "-Wno-fatal",
)
VERILATOR_FLAGS = (*COMMON_FLAGS, "--vpi", "--timing")
WAVES_FLAGS = ("--trace-fst", "-CFLAGS", "-I..", "-LDFLAGS", "-L..")
"""The FST writer finds lz4.h and zlib.h, and their empty libraries, in the build's folder."""

NETLIST_FLAGS = (
    "+define+NETLIST",
    # Verilator takes an input's default for an initial value, of whatever is connected to it.
    "+define+NO_ICE40_DEFAULT_ASSIGNMENTS",
    # The ECP5's include other vendors' names for its cells, which no netlist has.
    "+define+NO_INCLUDES",
    # Yosys' models of cells have delays, which a simulation of cycles does not need.
    "-Wno-SPECIFYIGN",
    "-Wno-TIMESCALEMOD",
)

COMPILER_FLAGS = "-std=c++20 -fcoroutines"
OPTIMISATION = {"OPT_FAST": "-O2", "OPT_SLOW": "-O0", "OPT_GLOBAL": "-O1"}
"""OPT_FAST is for code that runs each cycle; measured in docs/adr/0005-co-simulation.md."""

UNDEFINED_FLAGS = ("+define+NETLIST", "--x-assign", "1")
"""Ones for what is undefined: anything but what stands in the memory would do."""

NETLIST_OPTIMISATION = {**OPTIMISATION, "OPT_FAST": "-O1"}
"""Tens of thousands of gates take minutes to compile, and are simulated for seconds."""

EMPTY_ARCHIVE = "!<arch>\n"

BUILD_JOBS = 2


@dataclass(frozen=True)
class Model:
    """A built model: its executable, and the seconds that this call spent on building it."""

    executable: Path
    build_s: float


def build_model(
    config: Config,
    *,
    waves: bool = False,
    main: Path | None = None,
    netlist: str | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> Model:
    """The model of ``config``; built if the cache lacks it.

    Parameters
    ----------
    config: the hardware; the clock frequency has no influence.
    waves: able to write FST waves, and slower.
    main: C++ main program; the one that drives cocotb if None.
    netlist: what is simulated in place of the RTL (verification.netlist.SYNTHESIS): an FPGA
        family's cells, or UNDEFINED_READS.
    note: called with a line that says what is going on before each long step.

    Raises RequestError when tools are missing, TilewrightError when they fail.
    """
    started = time.monotonic()
    compiler = find_compiler()
    sources = _hardware(config, None, netlist, note) | {
        "chip.sv": (HERE / "chip.sv").read_text(),
        "top.sv": (HERE / "top.sv").read_text(),
        "public.vlt": (HERE / "public.vlt").read_text(),
        "main.cpp": (main or HERE / "main.cpp").read_text(),
    }
    libraries = shlex.quote(str(cocotb_tools.config.libs_dir))
    flags = [*VERILATOR_FLAGS, *_parameters(config)]
    flags += ["-LDFLAGS", f"-L{libraries} -lcocotbvpi_verilator"]
    cells = netlist not in (None, UNDEFINED_READS)
    if cells:
        flags += NETLIST_FLAGS
    elif netlist:
        flags += UNDEFINED_FLAGS
    if waves:
        sources |= _compression()
        flags += WAVES_FLAGS
    optimisation = NETLIST_OPTIMISATION if cells else OPTIMISATION
    executable, is_new = _executable(sources, flags, compiler, note, optimisation)
    return Model(executable, time.monotonic() - started if is_new else 0.0)


def build_board(
    config: Config, uart_bit_cycles: int, note: Callable[[str], None] = lambda _: None
) -> Model:
    """The model of a board around ``config``'s chip, behind a pseudo-terminal: see board.cpp.

    Built if the cache lacks it; the chip says that its clock is the configuration's. Raises as
    `build_model`.
    """
    started = time.monotonic()
    compiler = find_compiler()
    sources = _hardware(config, uart_bit_cycles, None, note) | {
        "chip.sv": (HERE / "chip.sv").read_text(),
        "top.sv": (HERE / "board.sv").read_text(),
        "main.cpp": (HERE / "board.cpp").read_text(),
    }
    flags = [*COMMON_FLAGS, *_parameters(config), f"-GCLOCK_HZ={config.soc.clock_hz}"]
    flags += ["-CFLAGS", f"-DUART_BIT_CYCLES={uart_bit_cycles}"]
    executable, is_new = _executable(sources, flags, compiler, note)
    return Model(executable, time.monotonic() - started if is_new else 0.0)


def _hardware(
    config: Config,
    uart_bit_cycles: int | None,
    netlist: str | None,
    note: Callable[[str], None],
) -> dict[str, str]:
    """The chip's Verilog and its main memory's."""

    def generate(folder: Path) -> None:
        note("generating Verilog")
        _generate(config, uart_bit_cycles, netlist, folder, note)

    folder, _ = cached("verilog", source_key(config, netlist, uart_bit_cycles), generate)
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def _executable(
    sources: Mapping[str, str],
    flags: list[str],
    compiler: Compiler,
    note: Callable[[str], None],
    optimisation: Mapping[str, str] = OPTIMISATION,
) -> tuple[Path, bool]:
    """The model made of ``sources``, and whether it was built just now."""

    def build(folder: Path) -> None:
        if compiler.is_fallback:
            note("no C++ compiler found: building with the slower one of the package ziglang")
        else:
            note("building (once for this hardware)")
        _build(folder, sources, flags, compiler, optimisation)

    folder, is_new = cached("models", _key(sources, flags, compiler), build)
    return folder / EXECUTABLE, is_new


def _compression() -> dict[str, str]:
    """What stands in for liblz4 and zlib, which few systems have headers of."""
    headers = {path.name: path.read_text() for path in (HERE / "compression").glob("*.h")}
    return {**headers, "liblz4.a": EMPTY_ARCHIVE, "libz.a": EMPTY_ARCHIVE}


def _parameters(config: Config) -> list[str]:
    values = {
        "BUS_BYTES": config.npu.bus_bytes,
        "LATENCY": config.soc.memory_latency,
        "MEMORY_BYTES": config.soc.memory_bytes,
        "MEMORY_BASE": MEMORY_BASE,
    }
    return [f"-G{name}={value}" for name, value in values.items()]


def _read_description() -> dict[str, str]:
    return {
        path.relative_to(HARDWARE).as_posix(): path.read_text()
        for path in sorted(HARDWARE.rglob("*"))
        if path.suffix in (".py", ".sv")
    }


DESCRIPTION = _read_description()
"""The hardware's sources as this process runs them: read once, since a later edit is not loaded."""


def _generate(
    config: Config,
    uart_bit_cycles: int | None,
    netlist: str | None,
    folder: Path,
    note: Callable[[str], None],
) -> None:
    if netlist:
        write_netlist(config, netlist, folder, note)
    else:
        write_verilog(config, folder, uart_bit_cycles)
    # Some modules were loaded only now: under the key belongs what was made from one state.
    if _read_description() != DESCRIPTION:
        raise TilewrightError("the hardware's sources changed during the run; run again")


def source_key(
    config: Config, netlist: str | None = None, uart_bit_cycles: int | None = None
) -> str:
    """Hash of what the Verilog is generated from; generating it takes seconds.

    ``netlist``: as in `build_model`.
    """
    synthesis = [SYNTHESIS[netlist], cell_models(netlist)] if netlist else []
    return _hash([config.hardware_key(), DESCRIPTION, versions(), uart_bit_cycles, *synthesis])


def _key(sources: Mapping[str, str], flags: list[str], compiler: Compiler) -> str:
    """Hash of everything that the model depends on."""
    return _hash([sources, flags, COMPILER_FLAGS, OPTIMISATION, compiler.version, versions()])


def _hash(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _build(
    folder: Path,
    sources: Mapping[str, str],
    flags: list[str],
    compiler: Compiler,
    optimisation: Mapping[str, str],
) -> None:
    """Leave the executable in ``folder``, and what it was made from."""
    for name, text in sources.items():
        (folder / name).write_text(text)
    # Verilator reads what is said about modules before the modules.
    suffixes = (".vlt", ".sv", ".v", ".cpp")
    inputs = [name for suffix in suffixes for name in sources if name.endswith(suffix)]
    command = [
        str(verilator_root() / "bin" / "verilator_bin"),
        *flags,
        *("-Mdir", "objects", "-o", EXECUTABLE, "-CFLAGS", COMPILER_FLAGS),
        *inputs,
    ]
    _run(command, folder, "Verilator")
    variables = {
        "VERILATOR_ROOT": str(verilator_root()),
        "CXX": shlex.join(compiler.command),
        "LINK": shlex.join(compiler.command),
        "AR": shlex.join(compiler.archiver),
        "PYTHON3": shlex.quote(sys.executable),
        **optimisation,
        **compiler.variables,
    }
    make = [require_make(), "-C", "objects", "-f", "Vtop.mk", f"-j{BUILD_JOBS}"]
    _run([*make, *(f"{k}={v}" for k, v in variables.items())], folder, "the C++ compiler")
    objects = folder / "objects"
    (objects / EXECUTABLE).rename(folder / EXECUTABLE)
    for path in objects.iterdir():
        path.unlink()
    objects.rmdir()


def _run(command: list[str], folder: Path, who: str) -> None:
    environment = os.environ | {"VERILATOR_ROOT": str(verilator_root())}
    # Flags for another make must not reach this one.
    environment.pop("MAKEFLAGS", None)
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
    except OSError as error:
        raise RequestError(f"{command[0]}: cannot be run: {error.strerror}") from None
    with process:
        try:
            output, _ = process.communicate()
        except BaseException:
            # Whoever interrupts us does not leave make's compilers behind.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        lines = output.splitlines()
        errors = [line for line in lines if "rror" in line] or lines
        raise TilewrightError(
            f"{who} could not build the simulation model:\n" + "\n".join(errors[-20:])
        )
