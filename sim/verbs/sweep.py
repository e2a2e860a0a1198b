"""`sweep`: many configurations of several networks."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hw.spec.errors import RequestError
from hw.spec.quoted import shown
from sim.progress import Progress
from sim.verbs.options import add_config_options, values_of, whole_number

if TYPE_CHECKING:
    from sim.sweep.plan import Plan
    from sim.sweep.request import Search

HELP = "evaluate many configurations"

LARGEST_SEED = (1 << 32) - 1
"""Of the search's random numbers, NumPy's."""

_LARGEST_PORT = (1 << 16) - 1


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
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--backend", choices=("model", "rtl"), default="model")
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
    from sim.sweep.limits import parse_limits
    from sim.sweep.request import SweepRequest
    from sim.sweep.sweep import sweep

    _refuse_contradictions(options)
    if options.cluster is not None:
        _check_address(options.cluster)
    jobs = os.process_cpu_count() if sys.version_info >= (3, 13) else len(os.sched_getaffinity(0))
    sweep(
        SweepRequest(
            models=tuple(options.models),
            plan=_plan(options),
            out=options.out,
            command=shlex.join(["python", "-m", "sim", *sys.argv[1:]]),
            search=_search(options),
            backend=options.backend,
            objectives=_objectives(options.objectives),
            limits=parse_limits(options.limits),
            joint=options.joint,
            weights=_weights(options.weights, options.models),
            jobs=whole_number("--jobs", options.jobs, 1) if options.jobs is not None else jobs or 1,
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
    from hw.fpga.boards import find_board
    from sim.fpga.tools import find_tools

    board = find_board(name)
    find_tools(board.device.family)
    return board.name


def _plan(options: argparse.Namespace) -> Plan:
    from sim.sweep.grid import parse_grids
    from sim.sweep.plan import Plan
    from sim.sweep.points_file import read_points
    from sim.sweep.where import Where

    axes = parse_grids(options.grids)
    listed = read_points(options.points) if options.points else [{}]
    if both := [key for point in listed for key in point if key in axes]:
        raise RequestError(f"{both[0]}: is given by --grid and by {options.points}; choose one")
    scenarios = parse_grids(options.scenarios, "--scenario")
    return Plan(values_of(options), tuple(listed), axes, Where(options.where), scenarios)


def _search(options: argparse.Namespace) -> Search | None:
    from sim.sweep.request import Search

    if options.search is None:
        return None
    seed = "0" if options.seed is None else options.seed
    return Search(
        budget=whole_number("--search", options.search, 1),
        seed=whole_number("--seed", seed, 0, LARGEST_SEED),
    )


def _objectives(names: list[str]) -> tuple[str, ...]:
    import difflib

    from sim.sweep.schema import DEFAULT_OBJECTIVES, OBJECTIVES

    for name in names:
        if name not in OBJECTIVES:
            near = difflib.get_close_matches(name, OBJECTIVES, n=3, cutoff=0.4) or OBJECTIVES
            raise RequestError(f"--objective {shown(name)}: is none; choose of {', '.join(near)}")
        if names.count(name) > 1:
            raise RequestError(f"--objective {name}: given twice")
    return tuple(names) or DEFAULT_OBJECTIVES


def _weights(texts: list[str], models: list[str]) -> dict[str, float]:
    """By the network as ``--model`` names it. A file's name without folder and ending will do."""
    import math

    found: dict[str, float] = {}
    for text in texts:
        name, _, number = (part.strip() for part in text.rpartition("="))
        named = [model for model in models if name in (model, Path(model).stem)]
        if len(named) != 1:
            why = "is said of several networks" if named else "is no network of this sweep"
            raise RequestError(f"--weight {text}: {name!r} {why}: {', '.join(models)}")
        try:
            weight = float(number)
        except ValueError:
            weight = math.nan
        if not 0 < weight < math.inf:
            raise RequestError(f"--weight {text}: {number!r} must be a number above 0")
        if named[0] in found:
            raise RequestError(f"--weight {name}: given twice")
        found[named[0]] = weight
    return found


def _refuse_contradictions(options: argparse.Namespace) -> None:
    """No option is passed over in silence."""
    if not options.grids and options.points is None:
        raise RequestError("nothing to sweep: give --grid KEY=V1,V2,... or --points F.csv")
    if options.weights and options.joint == "worst":
        raise RequestError("--weight: counts in a mean; leave it out with --joint worst")
    if options.search is None and options.seed is not None:
        raise RequestError("--seed: is that of a search; give --search N as well")
    if options.search is not None and options.points is not None:
        raise RequestError("--search: chooses from --grid; a list of --points is evaluated whole")
    if options.cluster is not None and options.jobs is not None:
        raise RequestError("--jobs: is for processes on this machine; leave it out with --cluster")
    if options.backend == "rtl" and options.verify_front:
        raise RequestError("--verify-front: is for --backend model; these points are RTL already")


def _check_address(address: str) -> None:
    found = re.fullmatch(r"local:[1-9]\d{0,3}|tcp://[^\s/]+:(\d{1,5})", address)
    if not found or int(found[1] or 0) > _LARGEST_PORT:
        raise RequestError(f"--cluster {shown(address)}: must read tcp://host:port or local:N")
