"""`area`: the chip's gates and memories, by block."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.sim.progress import Progress
from tilewright.sim.verbs.options import add_config_options, config_of

HELP = "the chip's area in gates, by block"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    add_config_options(parser)
    parser.add_argument(
        "--synthesise",
        action="store_true",
        help="count the gates of this configuration with Yosys, instead of estimating them",
    )
    parser.add_argument("--json", type=Path, metavar="F", help="write the areas")
    parser.set_defaults(handle=_area)


def _area(options: argparse.Namespace) -> None:
    from tilewright.sim.costs.area import estimate_area
    from tilewright.sim.files import require_apart, require_writable
    from tilewright.sim.measure.gates import synthesise_area
    from tilewright.sim.report.area import print_area, write_area

    config = config_of(options)
    if options.json:
        require_writable(options.json)
        require_apart({"--json": options.json}, {"--config": options.config})
    area = synthesise_area(config, Progress()) if options.synthesise else estimate_area(config)
    print_area(area, config)
    if options.json:
        write_area(options.json, area, config)
