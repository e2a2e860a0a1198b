"""`compare-chips`: designs beside chips that were measured."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tilewright.sim.costs.clock import with_clock
from tilewright.sim.progress import Progress
from tilewright.sim.verbs.options import add_config_options, values_of

HELP = "our designs beside published MLPerf Tiny results"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        dest="models",
        metavar="M",
        help="vww, kws, ic or ad, or its file as vww=F.tflite; may be repeated; default: all four "
        "as built-in networks",
    )
    parser.add_argument(
        "--design",
        action="append",
        default=[],
        dest="designs",
        metavar="KEY=VALUE,...",
        help="a design, over the configuration; may be repeated; default: 4x4, 8x8 and 16x16",
    )
    add_config_options(parser)
    parser.add_argument("--json", type=Path, metavar="F", help="write the rows")
    parser.set_defaults(handle=_compare)


DEFAULTS = ("rows=4,cols=4", "rows=8,cols=8", "rows=16,cols=16")


def _compare(options: argparse.Namespace) -> None:
    from tilewright.hw.spec.config import make_config
    from tilewright.hw.spec.settings import load_values
    from tilewright.sim.chips.compare import compare, named_networks
    from tilewright.sim.chips.rows import document
    from tilewright.sim.files import require_apart, require_writable, write_atomically
    from tilewright.sim.report.chips import print_chips
    from tilewright.sim.report.console import report_console

    if options.json:
        require_writable(options.json)
        require_apart({"--json": options.json}, {"--config": options.config})
    values, progress = values_of(options), Progress()
    designs = {
        text: with_clock(make_config(values | load_values(sets=text.split(","))))
        for text in options.designs or DEFAULTS
    }
    networks = named_networks(options.models, progress)
    rows = compare(networks, designs, progress)
    paths = {name: network.path for name, network in networks.items()}
    print_chips(rows, report_console())
    if options.json:
        write_atomically(options.json, json.dumps(document(rows, paths), indent=1) + "\n")
