"""The chip as Verilog. What this module imports is the hardware's description.

(`verification.tools.description` hashes just that.)
"""

from __future__ import annotations

from pathlib import Path

from tilewright.hw.netlist import to_verilog
from tilewright.hw.soc.cpu import cpu_verilog
from tilewright.hw.soc.soc import Soc
from tilewright.hw.soc.uart import BIT_CYCLES
from tilewright.hw.spec.config import Config

SOC_MODULE = "soc"
"""Name of the chip's top module."""


def verilog(config: Config, uart_bit_cycles: int | None = None) -> dict[str, str]:
    """Verilog of the chip: file name to text. The top module is `SOC_MODULE`.

    Main memory stands outside the chip; `memory_models` simulate it. A bit of the serial port takes
    ``uart_bit_cycles``, or as many as `hw.soc.uart` says.
    """
    soc = Soc(config, uart_bit_cycles or BIT_CYCLES)
    return {
        "cpu.v": cpu_verilog(config.soc.cpu),
        "soc.v": to_verilog(soc, SOC_MODULE),
        **{path.name: path.read_text() for path in memory_models()},
    }


def memory_models() -> tuple[Path, ...]:
    """Simulation models: main memory's contents, and when it takes an access."""
    folder = Path(__file__).parent / "soc"
    return folder / "main_memory.sv", folder / "memory_device.sv"


def write_verilog(config: Config, folder: Path, uart_bit_cycles: int | None = None) -> list[Path]:
    """Write the files of `verilog` into ``folder``, made if need be; return their paths."""
    files = verilog(config, uart_bit_cycles)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.write_text(text)
    return paths
