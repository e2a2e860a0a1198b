"""The command line: parses, and hands over to a verb of `sim.verbs`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.command import command_name
from tilewright.sim.completion import asked, complete
from tilewright.sim.verbs import (
    area,
    bench,
    board,
    compare_chips,
    completion,
    config,
    diff,
    explain,
    fpga,
    inspect,
    keys,
    power,
    run,
    sign,
    sweep,
    technologies,
    validate,
    verilog,
    zoo,
)

VERBS = {
    "run": run,
    "inspect": inspect,
    "explain": explain,
    "diff": diff,
    "sweep": sweep,
    "fpga": fpga,
    "board": board,
    "area": area,
    "technologies": technologies,
    "compare-chips": compare_chips,
    "power": power,
    "bench": bench,
    "validate": validate,
    "keys": keys,
    "sign": sign,
    "zoo": zoo,
    "verilog": verilog,
    "config": config,
    "completion": completion,
}
"""Each has a line of ``HELP``, and ``add``, which declares its options and its ``handle``."""


class _Parser(argparse.ArgumentParser):
    """Reports a wrong command line as any other wrong request."""

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message}; see {self.prog} --help")


class _Version(argparse.Action):
    """Prints version and commit; git is asked for it only here."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print version and commit")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from tilewright.sim.version import origin_line

        print(origin_line())
        parser.exit()


def parser(prog: str | None = None) -> argparse.ArgumentParser:
    """The verbs and their options, of the command ``prog``; as it was called unless given."""
    top = _Parser(
        prog=prog or command_name(),
        description="Run a quantised network on a TinyDL accelerator, as RTL, bit for bit.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action=_Version)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, verb in VERBS.items():
        verb.add(verbs.add_parser(name, help=verb.HELP, allow_abbrev=False))
    return top


def handle(arguments: list[str]) -> None:
    """Do what the command line asks; nothing asked: list the verbs. Raises TilewrightError.

    Where a shell asks what could come next, it is told.
    """
    if asked():
        complete(parser())
    if not arguments:
        parser().print_help()
        return
    options = parser().parse_args(arguments)
    options.handle(options)
