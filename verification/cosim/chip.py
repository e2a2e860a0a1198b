"""The chip with its main memory in Verilog: generated, or from the cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hw.generate import write_verilog
from hw.spec.config import Config
from hw.spec.errors import TilewrightError
from hw.spec.registers import MEMORY_BASE
from verification.cells.netlist import SYNTHESIS, cell_models, write_netlist
from verification.tools.cache import cached
from verification.tools.description import DESCRIPTION, read_description, source_key

CHIP = Path(__file__).with_name("chip.sv")


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
    folder, _ = cached("verilog", key, generate)
    generated = {path.name: path.read_text() for path in sorted(folder.iterdir())}
    return generated | {CHIP.name: CHIP.read_text()}


def chip_parameters(config: Config) -> list[str]:
    """What Verilator is told of the parameters of `chip`."""
    values = {
        "BUS_BYTES": config.npu.bus_bytes,
        "LATENCY": config.soc.memory_latency,
        "MEMORY_BYTES": config.soc.memory_bytes,
        "MEMORY_BASE": MEMORY_BASE,
    }
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
    if read_description() != DESCRIPTION:
        raise TilewrightError("the hardware's sources changed during the run; run again")
