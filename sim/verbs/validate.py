"""`validate`: the model backend against the RTL."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.sim.progress import Progress
from tilewright.sim.verbs.options import add_models_option

HELP = "compare the model's predictions with the RTL"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    add_models_option(parser)
    parser.add_argument(
        "--design",
        action="append",
        dest="designs",
        metavar="D",
        help="KEY=VALUE,KEY=VALUE or the name of a design of the set; may be repeated; default: "
        "the set",
    )
    parser.add_argument("--quick", action="store_true", help="two designs instead of the set")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="table, summary and picture"
    )
    parser.set_defaults(handle=_validate)


def _validate(options: argparse.Namespace) -> None:
    from tilewright.sim.validate.report import validate_and_report

    validate_and_report(options.models, options.designs, options.quick, options.out, Progress())
