"""`area`: the chip's gates and memories, by block."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import quoted
from tilewright.sim.progress import Progress
from tilewright.sim.verbs.options import add_config_options, config_of

HELP = "the chip's area in gates, by block, or its highest clock"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    add_config_options(parser)
    parser.add_argument(
        "--synthesise",
        action="store_true",
        help="count the gates of this configuration with Yosys, instead of estimating them",
    )
    parser.add_argument(
        "--timing",
        action="store_true",
        help="time the longest paths instead, in cells of --liberty (minutes, then from the cache)",
    )
    parser.add_argument(
        "--liberty",
        action="append",
        type=Path,
        default=[],
        metavar="F.lib",
        help="with --timing: a Liberty file, plain or .gz, of cells or of an SRAM; all of one "
        "corner; may be repeated",
    )
    parser.add_argument(
        "--corner",
        action="append",
        type=Path,
        default=[],
        metavar="F.lib",
        help="with --timing: a Liberty file of another corner of --liberty's cells, in which the "
        "same netlist is timed; may be repeated",
    )
    parser.add_argument(
        "--wire-ff",
        default="0",
        metavar="C",
        help="with --timing: capacitance of wire for each input on a net, in fF; default: 0",
    )
    parser.add_argument(
        "--sta",
        action="store_true",
        help="with --timing: ask OpenSTA (sta, on the PATH) as well",
    )
    parser.add_argument("--json", type=Path, metavar="F", help="write the areas, or the timing")
    parser.set_defaults(handle=_area)


def _area(options: argparse.Namespace) -> None:
    from tilewright.sim.costs.area import estimate_area
    from tilewright.sim.files import require_apart, require_writable
    from tilewright.sim.measure.gates import synthesise_area
    from tilewright.sim.report.area import print_area, write_area

    config = config_of(options)
    if options.json:
        require_writable(options.json)
        read = {f"{path}": path for path in (*options.liberty, *options.corner)}
        require_apart({"--json": options.json}, {"--config": options.config, **read})
    _require_meaning(options)
    if options.timing:
        _timing(options, config)
        return
    area = synthesise_area(config, Progress()) if options.synthesise else estimate_area(config)
    print_area(area, config)
    if options.json:
        write_area(options.json, area, config)


def _timing(options: argparse.Namespace, config: Config) -> None:
    from tilewright.sim.measure.timing import ask_opensta, map_chip, time_netlist
    from tilewright.sim.report.timing import print_timing, write_timing
    from tilewright.verification.gates.liberty_reader import read_liberty
    from tilewright.verification.gates.opensta import find_opensta

    wire_ff = _wire_ff(options.wire_ff)
    library, progress = read_liberty(options.liberty), Progress()
    if options.sta:
        find_opensta()
    corner = read_liberty(options.corner) if options.corner else library
    netlist = map_chip(config, library, progress)
    timing = time_netlist(netlist, corner, progress, wire_ff)
    opinion = ask_opensta(netlist, corner, progress, wire_ff) if options.sta else None
    print_timing(timing, config, opinion)
    if options.json:
        write_timing(options.json, timing, config)


def _require_meaning(options: argparse.Namespace) -> None:
    """Raises RequestError for options that say nothing together."""
    if options.timing and not options.liberty:
        raise RequestError(
            "--timing needs the cells' delays: give the library's --liberty CELLS.lib (and "
            "--liberty SRAM.lib for its memories)"
        )
    if options.timing and options.synthesise:
        raise RequestError("--timing and --synthesise: choose one")
    of_timing = {
        "--liberty": options.liberty,
        "--corner": options.corner,
        "--sta": options.sta,
        "--wire-ff": options.wire_ff != "0",
    }
    given = [name for name, value in of_timing.items() if value]
    if given and not options.timing:
        raise RequestError(f"{given[0]} needs --timing")


def _wire_ff(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1000:
        raise RequestError(f"--wire-ff {quoted(text)}: must be a number of fF in 0..1000")
    return value
