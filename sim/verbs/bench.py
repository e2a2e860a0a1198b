"""`bench`: how fast the model backend is."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "measure how many designs a second the model predicts"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--model",
        action="append",
        dest="models",
        metavar="M",
        help="a network's file or a built-in network; may be repeated; default: the built-in ones",
    )
    parser.add_argument("--points", type=int, default=100, metavar="N", help="designs a network")
    parser.add_argument("--json", type=Path, metavar="F", help="write the figures")
    parser.set_defaults(handle=_bench)


def _bench(options: argparse.Namespace) -> None:
    from sim.bench import bench

    bench(options.models, options.points, options.json)
