"""Builds the simulation model of a configuration, or finds it in the cache."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path

import cocotb_tools.config

from tilewright.hw.spec.config import Config
from tilewright.verification.cells.netlist import UNDEFINED_READS
from tilewright.verification.cosim.chip import (
    chip_parameters,
    chip_sources,
    has_sources,
    simulated_design,
)
from tilewright.verification.cosim.verilate import COMMON_FLAGS, Model, executable_of, is_built
from tilewright.verification.tools.toolchain import find_compiler

HERE = Path(__file__).parent

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

UNDEFINED_FLAGS = ("+define+NETLIST", "--x-assign", "1")
"""Ones for what is undefined: anything but what stands in the memory would do."""

EMPTY_ARCHIVE = "!<arch>\n"


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
    config: the hardware; its clock has no influence, and but for cells of an FPGA family nor have
        size and latency of main memory, unless the accelerator's scratchpad lies in it.
    waves: able to write FST waves, and slower.
    main: C++ main program; the one that drives cocotb if None.
    netlist: what is simulated in place of the RTL (verification.cells.netlist.SYNTHESIS): an FPGA
        family's cells, or UNDEFINED_READS.
    note: called with a line that says what is going on before each long step.

    Raises RequestError when tools are missing, TilewrightError when they fail.
    """
    started = time.monotonic()
    compiler = find_compiler()
    sources, flags = _inputs(config, waves, main, netlist, note)
    executable, is_new = executable_of(sources, flags, compiler, note)
    return Model(executable, time.monotonic() - started if is_new else 0.0)


def has_model(config: Config, *, waves: bool = False) -> bool:
    """Whether the cache has the model of ``config``'s RTL."""
    if not has_sources(simulated_design(config)):
        return False
    sources, flags = _inputs(config, waves, None, None, lambda _: None)
    return is_built(sources, flags, find_compiler())


def _inputs(
    config: Config,
    waves: bool,
    main: Path | None,
    netlist: str | None,
    note: Callable[[str], None],
) -> tuple[dict[str, str], list[str]]:
    """Sources by file name and Verilator's flags, as `build_model` has its parameters."""
    design = config if netlist else simulated_design(config)
    sources = chip_sources(design, None, netlist, note) | {
        "top.sv": (HERE / "top.sv").read_text(),
        "public.vlt": (HERE / "public.vlt").read_text(),
        "main.cpp": (main or HERE / "main.cpp").read_text(),
    }
    # Not by way of links: a checkout that shares its environment shares its models.
    libraries = shlex.quote(str(Path(cocotb_tools.config.libs_dir).resolve()))
    flags = [*VERILATOR_FLAGS, *chip_parameters(config)]
    flags += ["-LDFLAGS", f"-L{libraries} -lcocotbvpi_verilator"]
    cells = netlist not in (None, UNDEFINED_READS)
    if cells:
        flags += NETLIST_FLAGS
    elif netlist:
        flags += UNDEFINED_FLAGS
    if waves:
        sources |= _compression()
        flags += WAVES_FLAGS
    return sources, flags


def _compression() -> dict[str, str]:
    """What stands in for liblz4 and zlib, which few systems have headers of."""
    headers = {path.name: path.read_text() for path in (HERE / "compression").glob("*.h")}
    return {**headers, "liblz4.a": EMPTY_ARCHIVE, "libz.a": EMPTY_ARCHIVE}
