"""`power`: energy of a network at gate level, by block and layer."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.progress import Progress
from tilewright.sim.verbs.options import add_config_options, config_of

HELP = "energy at gate level, with the cells of a Liberty library"

DOCUMENT = "power.json"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--model",
        required=True,
        metavar="M",
        help=".onnx or .tflite file, or a built-in network (vww.onnx)",
    )
    parser.add_argument(
        "--liberty",
        action="append",
        default=[],
        type=Path,
        metavar="F.lib",
        help="standard cells or an SRAM macro, plain or .gz; may be repeated, all of one corner",
    )
    parser.add_argument(
        "--dont-use",
        action="append",
        default=[],
        metavar="PATTERN",
        help="cells to leave out, such as 'sg13g2_dly*'; may be repeated",
    )
    parser.add_argument("--clock", metavar="HZ", help="short for --set clock_hz=HZ")
    parser.add_argument(
        "--wire-ff",
        type=float,
        metavar="FF",
        help="fF of wire for each pin that a net leads to; default: by the size of cells",
    )
    add_config_options(parser)
    parser.add_argument(
        "--layers-from", metavar="LAYER", help="this layer alone, or up to --layers-to"
    )
    parser.add_argument("--layers-to", metavar="LAYER", help="the last layer")
    parser.add_argument("--json", type=Path, metavar="F", help="write the result")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help=f"write the result into a folder, as {DOCUMENT}"
    )
    parser.set_defaults(handle=_power)


def _power(options: argparse.Namespace) -> None:
    from tilewright.sim.files import make_folder, require_apart, require_writable
    from tilewright.sim.networks.network_file import open_network
    from tilewright.sim.power.measure import PowerRequest, measure_power
    from tilewright.sim.report.console import report_console
    from tilewright.sim.report.power import print_power, write_power
    from tilewright.verification.gates.power.assumptions import Assumptions

    if options.clock is not None:
        options.sets.append(f"clock_hz={options.clock}")
    config = config_of(options)
    if not options.liberty:
        raise RequestError("--liberty: name the Liberty files of a process' cells")
    if options.layers_to is not None and options.layers_from is None:
        raise RequestError("--layers-to: name the first layer with --layers-from")
    if options.wire_ff is not None and not 0 <= options.wire_ff < float("inf"):
        raise RequestError(f"--wire-ff {options.wire_ff}: must be a capacitance of at least 0")
    if options.out is not None:
        make_folder(options.out)
    folder = options.out / DOCUMENT if options.out else None
    written = {"--json": options.json, "--out": folder}
    for path in written.values():
        if path is not None:
            require_writable(path)
    read = {"--model": Path(options.model), "--config": options.config}
    for path in options.liberty:
        require_apart(written, {**read, "--liberty": path})
    first = options.layers_from
    progress = Progress()
    request = PowerRequest(
        config=config,
        liberty=tuple(options.liberty),
        technology=options.technology,
        dont_use=tuple(options.dont_use),
        layers=(first, options.layers_to or first) if first else None,
        assumptions=Assumptions(wire_ff=options.wire_ff),
    )
    result = measure_power(open_network(options.model, progress), request, progress)
    for path in written.values():
        if path is not None:
            write_power(path, result)
    print_power(result, report_console())
