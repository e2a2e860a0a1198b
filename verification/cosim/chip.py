"""The chip with its main memory in Verilog: generated, or from the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import TilewrightError
from tilewright.hw.spec.memory_kinds import MAX_MEMORY_LATENCY, MemoryTiming
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.soc_config import SocConfig
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

    Size and timing of main memory are told to the simulator when it starts. In the chip the
    latency is only how many requests its arbiter can have in flight, which is enough with any; the
    size is where a microprogrammed accelerator finds its scratchpad.
    """
    size = config.soc.memory_bytes if config.shares_memory else SocConfig().memory_bytes
    soc = replace(config.soc.with_fixed_memory(MAX_MEMORY_LATENCY), memory_bytes=size)
    return replace(config, soc=soc)


def memory_arguments(config: Config, constants: tuple[int, int] | None = None) -> list[str]:
    """What the simulator must be told of main memory.

    ``constants``: address and bytes of what lies in the weight memory, if there is one.
    """
    soc, bus = config.soc, config.npu.bus_bytes
    arguments = [f"+memory_bytes={soc.memory_bytes}"]
    arguments += _device_arguments("memory", soc.main_memory, bus)
    arguments.append(f"+memory_contention={soc.memory_contention}")
    if soc.has_weight_memory and constants:
        first, size = constants[0] - MEMORY_BASE, constants[1]
        arguments += _device_arguments("weight_memory", soc.weight_memory, bus)
        arguments += [f"+constants={first}", f"+constants_end={first + size}"]
    return arguments


def _device_arguments(name: str, timing: MemoryTiming, bus_bytes: int) -> list[str]:
    """What memory_device.sv is told."""
    values = {**asdict(timing), "word_cycles": timing.word_cycles(bus_bytes)}
    del values["width_bits"]
    return [f"+{name}_{field}={value}" for field, value in values.items()]


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
