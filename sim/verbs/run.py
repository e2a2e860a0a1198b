"""`run`: one inference."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import quoted
from tilewright.sim.progress import Progress
from tilewright.sim.report.quantities import parse_quantity
from tilewright.sim.verbs.options import add_config_options, add_trust_options, config_of

HELP = "simulate one inference"
BACKENDS = ("rtl", "model", "functional")
DEFAULT_FORMATS = "pdf,svg"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--model",
        required=True,
        metavar="M",
        help=".onnx or .tflite file, or a built-in network (vww.onnx)",
    )
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default="rtl",
        help="what counts cycles: the chip, its model in milliseconds, or nothing but outputs",
    )
    add_config_options(parser)
    parser.add_argument(
        "--input",
        type=Path,
        metavar="F.npy|F.npz",
        help="what the network is given; default: a seeded signal",
    )
    parser.add_argument(
        "--reset-state",
        action="store_true",
        help="begin each row of the input with the network's first state",
    )
    parser.add_argument(
        "--labels", type=Path, metavar="F.txt", help="names of the classes, one a line"
    )
    parser.add_argument(
        "--rate", metavar="HZ", help="inferences a second: tells average power and battery life"
    )
    parser.add_argument(
        "--battery", metavar="J", help='energy of the battery, such as "2.4 kJ"; default: a CR2032'
    )
    add_trust_options(parser)
    parser.add_argument("--json", type=Path, metavar="F", help="write the result")
    parser.add_argument("--report", type=Path, metavar="F.html", help="write the report as a page")
    parser.add_argument(
        "--figures", type=Path, metavar="DIR", help="write the report's pictures into a folder"
    )
    parser.add_argument(
        "--format",
        metavar="F,F",
        dest="formats",
        help=f"of the pictures, of pdf, svg, png; default: {DEFAULT_FORMATS}",
    )
    parser.add_argument(
        "--png", type=Path, metavar="DIR", help="short for --figures DIR --format png"
    )
    parser.add_argument("--trace", type=Path, metavar="F.json", help="write a trace for Perfetto")
    parser.add_argument("--waves", type=Path, metavar="F.fst", help="write waveforms of the RTL")
    parser.add_argument(
        "--waves-from", metavar="LAYER", help="waveforms of this layer alone, or up to --waves-to"
    )
    parser.add_argument("--waves-to", metavar="LAYER", help="the last layer of the waveforms")
    parser.set_defaults(handle=_run)


def _formats(options: argparse.Namespace) -> tuple[str, ...]:
    """Of the pictures. Raises RequestError where what is asked for contradicts itself."""
    if options.png is not None and (options.figures or options.formats):
        raise RequestError("--png: is short for --figures DIR --format png; give that alone")
    if options.figures is None and options.formats:
        raise RequestError("--format: is that of pictures; give --figures DIR as well")
    if options.png is not None or options.figures is None:
        return ("png",)
    from tilewright.sim.report.figures.output import parse_formats

    return parse_formats(options.formats or DEFAULT_FORMATS)


def _positive(option: str, text: str | None, unit: str) -> float | None:
    """What an option says in a unit; None where it is not given. Raises RequestError."""
    if text is None:
        return None
    try:
        value = parse_quantity(text, unit)
    except ValueError as error:
        raise RequestError(f"{option} {quoted(text)}: {error}") from None
    if not 0 < value < 1e12:
        raise RequestError(f"{option} {quoted(text)}: must be above 0 and below 1e12")
    return value


def _run(options: argparse.Namespace) -> None:
    from tilewright.sim.run.publish import RunRequest, run

    run(
        RunRequest(
            model=options.model,
            config=config_of(options),
            backend=options.backend,
            input=options.input,
            json=options.json,
            report=options.report,
            figures=options.figures or options.png,
            formats=_formats(options),
            trace=options.trace,
            waves=options.waves,
            waves_from=options.waves_from,
            waves_to=options.waves_to,
            labels=options.labels,
            rate_hz=_positive("--rate", options.rate, "Hz"),
            battery_j=_positive("--battery", options.battery, "J"),
            reset_state=options.reset_state,
            trust=options.trust,
            signature=options.signature,
            config_file=options.config,
        ),
        Progress(),
    )
