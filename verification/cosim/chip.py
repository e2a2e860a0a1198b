"""The chip with its main memory in Verilog: generated, or from the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import TilewrightError
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.soc_config import MAX_MEMORY_LATENCY, SocConfig
from tilewright.hw.verilog import write_verilog
from tilewright.verification.cells.netlist import SYNTHESIS, cell_models, write_netlist
from tilewright.verification.tools.cache import cached, kept
from tilewright.verification.tools.description import (
    CHIP,
    SOURCES,
    described,
    read_sources,
    source_key,
)

WRAPPER = Path(__file__).with_name("chip.sv")

_VERILOG = "verilog"
"""The kind of build in the cache."""


def simulated_design(config: Config) -> Config:
    """The design whose RTL is simulated for ``config``, the same for every main memory.

    Size and latency of main memory are told to the simulator when it starts. In the chip the
    latency is only how many requests its arbiter can have in flight, which is enough with any; the
    size is where a microprogrammed accelerator finds its scratchpad.
    """
    size = config.soc.memory_bytes if config.shares_memory else SocConfig().memory_bytes
    soc = replace(config.soc, memory_latency=MAX_MEMORY_LATENCY, memory_bytes=size)
    return replace(config, soc=soc)


def memory_arguments(config: Config) -> list[str]:
    """What the simulator must be told of main memory."""
    return [
        f"+memory_bytes={config.soc.memory_bytes}",
        f"+memory_latency={config.soc.memory_latency}",
    ]


def chip_sources(
    config: Config,
    uart_bit_cycles: int | None,
    netlist: str | None,
    note: Callable[[str], None],
) -> dict[str, str]:
    """Verilog by file name, its top module `chip`.

    ``netlist``: what stands in place of the RTL (`verification.cells.netlist.SYNTHESIS`).
    """

    def generate(folder: Path) -> None:
        note("generating Verilog")
        _generate(config, uart_bit_cycles, netlist, folder, note)

    synthesis = [SYNTHESIS[netlist], cell_models(netlist)] if netlist else []
    key = source_key(config, uart_bit_cycles, *synthesis)
    folder, _ = cached(_VERILOG, key, generate)
    generated = {path.name: path.read_text() for path in sorted(folder.iterdir())}
    return generated | {WRAPPER.name: WRAPPER.read_text()}


def has_sources(config: Config) -> bool:
    """Whether the cache has the RTL of ``config``, so that `chip_sources` is quick."""
    return kept(_VERILOG, source_key(config, None)) is not None


def chip_parameters(config: Config) -> list[str]:
    """What Verilator is told of the parameters of `chip`."""
    values = {"BUS_BYTES": config.npu.bus_bytes, "MEMORY_BASE": MEMORY_BASE}
    return [f"-G{name}={value}" for name, value in values.items()]


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
    if described(CHIP, read_sources()) != described(CHIP, SOURCES):
        raise TilewrightError("the hardware's sources changed during the run; run again")
