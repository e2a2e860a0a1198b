"""Fastest clock of a configuration on an ECP5-85F: synthesis, placement and routing, no board.

``python -m verification.timing --rows 8 --cols 8 [--set KEY=VALUE]... [--part npu|soc] --out DIR``
prints clock, cells and the slowest path by name; the tools' logs and files stay in DIR. ``npu``
is the accelerator alone, ``soc`` the chip with its main memory in block RAM.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from amaranth.back import rtlil
from amaranth.lib.wiring import Component

from hw.npu.npu import Npu
from hw.soc.cpu import cpu_verilog
from hw.soc.placeable import Registered, SocWithMemory
from hw.spec.config import Config, load_config
from hw.spec.errors import TilewrightError
from sim.progress import Progress
from verification.ecp5 import Placement, find_nextpnr, place_and_route, synthesise

TOP = "top"
CLOCK_MHZ = 60.0

PARTS = {"npu": (), "soc": (f"memory_bytes={256 * 1024}",)}
"""What can be measured, and what is set before the user's: main memory must fit into block RAM."""


def write_sources(config: Config, part: str, folder: Path) -> list[str]:
    """Writes ``part`` as module TOP into ``folder``, and returns the files' names.

    As RTLIL: Yosys takes many minutes to read a large memory's contents from Verilog.
    """
    if part == "npu":
        texts = {"npu.il": _rtlil(Registered(Npu(config.npu)))}
    else:
        texts = {
            "cpu.v": cpu_verilog(config.soc.cpu),
            "soc.il": _rtlil(SocWithMemory(config)),
        }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return list(texts)


def _rtlil(component: Component) -> str:
    return rtlil.convert(component, name=TOP, emit_src=False)


def describe(placement: Placement) -> str:
    """Lines for people."""
    path = placement.slowest
    return "\n".join(
        (
            f"fastest clock: {placement.fmax_mhz:.1f} MHz",
            *(
                f"{name}: {used:,} of {total:,} ({used / total:.0%})"
                for name, (used, total) in placement.resources.items()
            ),
            f"slowest path: {path.delay_ns:.1f} ns, {path.logic_ns:.1f} ns of it logic",
            *(f"  {name}" for name in path.signals),
        )
    )


def main() -> int:
    """Entry of ``python -m verification.timing``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--cols", type=int, default=8)
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="KEY=VALUE")
    parser.add_argument("--part", choices=list(PARTS), default="npu")
    parser.add_argument("--seed", type=int, default=1, help="of the placement")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    arguments = parser.parse_args()
    progress = Progress()
    started = time.monotonic()
    try:
        size = (f"rows={arguments.rows}", f"cols={arguments.cols}")
        config = load_config(sets=[*PARTS[arguments.part], *size, *arguments.sets])
        find_nextpnr()
        arguments.out.mkdir(parents=True, exist_ok=True)
        with progress.step("generating RTL"):
            sources = write_sources(config, arguments.part, arguments.out)
        with progress.step("synthesis") as step:
            netlist = synthesise(
                sources, TOP, arguments.out, lambda text: setattr(step, "detail", text)
            )
        with progress.step("placement and routing") as step:
            placement = place_and_route(
                netlist,
                clock_mhz=CLOCK_MHZ,
                seed=arguments.seed,
                note=lambda text: setattr(step, "detail", text),
            )
    except TilewrightError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    print(describe(placement))
    print(f"time: {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
