"""`diff`: two results beside each other."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "compare two results of run --json, layer by layer"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("a", type=Path, metavar="A.json", help="a result of run --json")
    parser.add_argument("b", type=Path, metavar="B.json", help="another one")
    parser.add_argument("--report", type=Path, metavar="F.html", help="write a page")
    parser.set_defaults(handle=_diff)


def _diff(options: argparse.Namespace) -> None:
    from tilewright.sim.diff.diff import diff

    diff(options.a, options.b, options.report)
