"""`explain`: why a network takes its cycles, and what would change them."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.sim.progress import Progress
from tilewright.sim.verbs.options import add_config_options, config_of, values_of

HELP = "what cycles are lost to, and what changes would give"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--model",
        required=True,
        metavar="M",
        help=".onnx or .tflite file, or a built-in network (vww.onnx)",
    )
    add_config_options(parser)
    parser.add_argument("--json", type=Path, metavar="F", help="write losses and changes")
    parser.add_argument("--report", type=Path, metavar="F.html", help="write them as a page")
    parser.set_defaults(handle=_explain)


def _explain(options: argparse.Namespace) -> None:
    from tilewright.sim.explain.explain import explain

    config_of(options)  # says which options mean nothing
    explain(options.model, values_of(options), options.json, options.report, Progress())
