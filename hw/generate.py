"""Everything that is generated from `hw.spec`: Verilog, C header, documentation.

``python -m hw.generate header PATH`` writes the C header.
``python -m hw.generate docs`` rewrites docs/registers.md, docs/commands.md and docs/protocol.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hw.header import c_header, write_header
from hw.reference import write_references
from hw.spec.config import Config

__all__ = [
    "c_header",
    "main_memory_model",
    "verilog",
    "write_header",
    "write_references",
    "write_verilog",
]

SOC_MODULE = "soc"
"""Name of the chip's top module."""


def verilog(config: Config, uart_bit_cycles: int | None = None) -> dict[str, str]:
    """Verilog of the chip: file name to text. The top module is `SOC_MODULE`.

    Main memory stands outside the chip; ``main_memory.sv`` is its simulation model. A bit of the
    serial port takes ``uart_bit_cycles``, or as many as `hw.soc.uart` says.
    """
    # Documentation and headers are written without loading Amaranth.
    from hw.netlist import to_verilog
    from hw.soc.cpu import cpu_verilog
    from hw.soc.soc import Soc
    from hw.soc.uart import BIT_CYCLES

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


def main(arguments: list[str]) -> int:
    """Entry of ``python -m hw.generate``."""
    match arguments:
        case ["header", path]:
            write_header(Path(path))
        case ["docs"]:
            write_references(Path(__file__).parent.parent / "docs")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
