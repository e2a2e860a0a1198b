"""`inspect`: a network without running it."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.sim.progress import Progress
from tilewright.sim.verbs.options import add_config_options, config_of

HELP = "operators, weights and obstacles of a network, without running it"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "model", metavar="M", help=".onnx or .tflite file, or a built-in network (vww.onnx)"
    )
    add_config_options(parser)
    parser.add_argument("--json", type=Path, metavar="F", help="write what was found")
    parser.add_argument("--svg", type=Path, metavar="F.svg", help="write a picture of the graph")
    parser.set_defaults(handle=_inspect)


def _inspect(options: argparse.Namespace) -> None:
    from tilewright.sim.inspect.inspect import inspect

    inspect(options.model, config_of(options), options.json, options.svg, Progress())
