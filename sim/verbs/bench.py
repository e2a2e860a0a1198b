"""`bench`: how fast the model backend is."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.sim.verbs.options import add_models_option

HELP = "measure how many designs a second the model predicts"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    add_models_option(parser)
    parser.add_argument("--points", type=int, default=100, metavar="N", help="designs a network")
    parser.add_argument("--json", type=Path, metavar="F", help="write the figures")
    parser.set_defaults(handle=_bench)


def _bench(options: argparse.Namespace) -> None:
    from tilewright.sim.measure.bench import bench

    bench(options.models, options.points, options.json)
