"""The command line: parses, and hands over to a verb of `sim.verbs`."""

from __future__ import annotations

import argparse
from typing import NoReturn

from hw.spec.errors import RequestError
from sim.verbs import area, bench, board, config, fpga, run, sweep, validate, verilog, zoo

VERBS = {
    "run": run,
    "sweep": sweep,
    "fpga": fpga,
    "board": board,
    "area": area,
    "bench": bench,
    "validate": validate,
    "zoo": zoo,
    "verilog": verilog,
    "config": config,
}
"""Each has a line of ``HELP``, and ``add``, which declares its options and its ``handle``."""


class _Parser(argparse.ArgumentParser):
    """Reports a wrong command line as any other wrong request."""

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message}; see {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """The verbs and their options."""
    top = _Parser(
        prog="tilewright",
        description="Run a quantised network on a TinyDL accelerator, as RTL, bit for bit.",
        allow_abbrev=False,
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, verb in VERBS.items():
        verb.add(verbs.add_parser(name, help=verb.HELP, allow_abbrev=False))
    return top


def handle(arguments: list[str]) -> None:
    """Do what the command line asks. Raises TilewrightError."""
    options = parser().parse_args(arguments)
    options.handle(options)
