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

    Main memory stands outside the chip; ``main_memory.sv`` is its simulation model. A bit of the
    serial port takes ``uart_bit_cycles``, or as many as `hw.soc.uart` says.
    """
    soc = Soc(config, uart_bit_cycles or BIT_CYCLES)
    model = main_memory_model()
    return {
        "cpu.v": cpu_verilog(config.soc.cpu),
        "soc.v": to_verilog(soc, SOC_MODULE),
        model.name: model.read_text(),
    }


def main_memory_model() -> Path:
    """Simulation model of main memory."""
    return Path(__file__).parent / "soc" / "main_memory.sv"


def write_verilog(config: Config, folder: Path, uart_bit_cycles: int | None = None) -> list[Path]:
    """Write the files of `verilog` into ``folder``, made if need be; return their paths."""
    files = verilog(config, uart_bit_cycles)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.write_text(text)
    return paths
