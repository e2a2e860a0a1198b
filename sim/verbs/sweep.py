"""`sweep`: many configurations of several networks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.sim.command import command_line
from tilewright.sim.progress import Progress
from tilewright.sim.verbs.options import add_config_options, values_of, whole_number

if TYPE_CHECKING:
    from tilewright.sim.sweep.plan import Plan
    from tilewright.sim.sweep.request import Search

HELP = "evaluate many configurations"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--model",
        action="append",
        required=True,
        dest="models",
        metavar="M",
        help=".onnx or .tflite file, or a built-in network; may be repeated",
    )
    parser.add_argument(
        "--grid",
        action="append",
        default=[],
        dest="grids",
        metavar="KEY=V1,V2,...",
        help="values of a field: 4,8 or 2..16 or 2..16..2 or 4096..65536*2; may be repeated",
    )
    parser.add_argument(
        "--points", type=Path, metavar="F.csv|F.json", help="a list of configurations"
    )
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="EXPR",
        help='only configurations for which it holds: "rows * cols <= 256"; may be repeated',
    )
    add_config_options(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the results go"
    )
    parser.add_argument(
        "--backend", choices=("model", "rtl"), default="model", help="where cycles come from"
    )
    parser.add_argument(
        "--objective",
        action="append",
        default=[],
        dest="objectives",
        metavar="COLUMN",
        help="what to minimise; may be repeated (default: latency_s, energy_j, area_ge)",
    )
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        dest="limits",
        metavar="EXPR",
        help='only designs whose results keep it: "energy_j <= 1e-3", "latency <= 1 ms"; may be '
        "repeated",
    )
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        dest="scenarios",
        metavar="KEY=V1,V2,...",
        help="values of what is not yours to choose (memory_latency=4,8,20): each design meets all "
        "of them; may be repeated",
    )
    parser.add_argument(
        "--joint",
        choices=("mean", "worst"),
        default="mean",
        help="over networks and scenarios: the geometric mean, or the worst case (default: mean)",
    )
    parser.add_argument(
        "--weight",
        action="append",
        default=[],
        dest="weights",
        metavar="M=W",
        help="how much a network counts in the mean (default: 1); may be repeated",
    )
    parser.add_argument(
        "--search", metavar="N", help="evaluate N configurations that a search chooses"
    )
    parser.add_argument("--seed", metavar="N", help="of the search (default: 0)")
    parser.add_argument("--jobs", metavar="N", help="processes (default: all cores)")
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="Dask: tcp://host:port, or local:N to start one"
    )
    parser.add_argument("--resume", action="store_true", help="go on with what is in DIR")
    parser.add_argument(
        "--verify-front", action="store_true", help="simulate the points of the front in RTL"
    )
    parser.add_argument(
        "--synthesise-front",
        action="store_true",
        help="count the gates of the front's designs with Yosys, a minute each",
    )
    parser.add_argument(
        "--fpga",
        metavar="BOARD",
        help="place and route the front's designs for a board of `fpga --list-boards`, or for "
        "the largest of a family (ecp5, ice40, gowin): minutes each",
    )
    parser.add_argument("--png", action="store_true", help="write pareto.png as well")
    parser.set_defaults(handle=_sweep)


def _sweep(options: argparse.Namespace) -> None:
    from tilewright.sim.sweep.limits import parse_limits
    from tilewright.sim.sweep.pool import all_cores
    from tilewright.sim.sweep.publish import sweep_and_print
    from tilewright.sim.sweep.request import SweepRequest, known_objectives, weights_of

    _refuse_contradictions(options)
    sweep_and_print(
        SweepRequest(
            models=tuple(options.models),
            plan=_plan(options),
            out=options.out,
            command=command_line(sys.argv[1:]),
            search=_search(options),
            backend=options.backend,
            objectives=known_objectives(options.objectives),
            limits=parse_limits(options.limits),
            joint=options.joint,
            weights=weights_of(map(_weight, options.weights), options.models),
            jobs=whole_number("--jobs", options.jobs, 1)
            if options.jobs is not None
            else all_cores(),
            cluster=options.cluster,
            resume=options.resume,
            verify_front=options.verify_front,
            synthesise_front=options.synthesise_front,
            fpga=_board(options.fpga),
            png=options.png,
            read={
                "--model": tuple(map(Path, options.models)),
                "--points": tuple(filter(None, [options.points])),
                "--config": tuple(filter(None, [options.config])),
            },
        ),
        Progress(),
    )


def _board(name: str | None) -> str | None:
    """Refuses an unknown one, or missing tools, before anything starts."""
    if name is None:
        return None
    from tilewright.hw.fpga.boards import find_board
    from tilewright.sim.fpga.tools import find_tools

    board = find_board(name)
    find_tools(board.device.family)
    return board.name


def _plan(options: argparse.Namespace) -> Plan:
    from tilewright.sim.sweep.grid import parse_grids
    from tilewright.sim.sweep.plan import Plan
    from tilewright.sim.sweep.points_file import read_points
    from tilewright.sim.sweep.where import Where

    axes = parse_grids(options.grids)
    listed = read_points(options.points) if options.points else [{}]
    scenarios = parse_grids(options.scenarios, "--scenario")
    return Plan(values_of(options), tuple(listed), axes, Where(options.where), scenarios)


def _search(options: argparse.Namespace) -> Search | None:
    from tilewright.sim.sweep.request import LARGEST_SEED, Search

    if options.search is None:
        return None
    seed = "0" if options.seed is None else options.seed
    return Search(
        budget=whole_number("--search", options.search, 1),
        seed=whole_number("--seed", seed, 0, LARGEST_SEED),
    )


def _weight(text: str) -> tuple[str, str]:
    """Network and number of ``--weight M=W``."""
    name, _, number = (part.strip() for part in text.rpartition("="))
    return name, number


def _refuse_contradictions(options: argparse.Namespace) -> None:
    """No option is passed over in silence."""
    from tilewright.sim.sweep.request import refuse_contradictions

    refuse_contradictions(
        grid=bool(options.grids),
        points=options.points is not None,
        weights=bool(options.weights),
        joint=options.joint,
        search=options.search is not None,
        seed=options.seed is not None,
        jobs=options.jobs is not None,
        cluster=options.cluster,
        backend=options.backend,
        verify_front=options.verify_front,
    )
