"""`verilog`: the chip as text."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.hw.spec.quoted import printable
from tilewright.sim.files import make_folder, write_atomically
from tilewright.sim.progress import Progress
from tilewright.sim.verbs.options import add_config_options, config_of

HELP = "write the chip's Verilog"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    add_config_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the files go")
    parser.set_defaults(handle=_verilog)


def _verilog(options: argparse.Namespace) -> None:
    config = config_of(options)
    make_folder(options.out)
    from tilewright.hw.verilog import verilog

    with Progress().step("Generating Verilog"):
        files = verilog(config)
    for name, text in files.items():
        write_atomically(options.out / name, text)
        print(printable(str(options.out / name)))
