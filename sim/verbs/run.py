"""`run`: one inference."""

from __future__ import annotations

import argparse
from pathlib import Path

from sim.progress import Progress
from sim.verbs.options import add_config_options, add_trust_options, config_of

HELP = "simulate one inference"
BACKENDS = ("rtl", "model", "functional")


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--model", required=True, help=".onnx or .tflite file, or a built-in network (vww.onnx)"
    )
    parser.add_argument("--backend", choices=BACKENDS, default="rtl")
    add_config_options(parser)
    parser.add_argument(
        "--input", type=Path, metavar="F.npy|F.npz", help="default: a seeded signal"
    )
    parser.add_argument(
        "--reset-state",
        action="store_true",
        help="begin each row of the input with the network's first state",
    )
    parser.add_argument(
        "--labels", type=Path, metavar="F.txt", help="names of the classes, one a line"
    )
    add_trust_options(parser)
    parser.add_argument("--json", type=Path, metavar="F", help="write the result")
    parser.add_argument("--report", type=Path, metavar="F.html", help="write the report as a page")
    parser.add_argument("--png", type=Path, metavar="DIR", help="write the report's pictures")
    parser.add_argument("--trace", type=Path, metavar="F.json", help="write a trace for Perfetto")
    parser.add_argument("--waves", type=Path, metavar="F.fst", help="write waveforms of the RTL")
    parser.set_defaults(handle=_run)


def _run(options: argparse.Namespace) -> None:
    from sim.run.publish import RunRequest, run

    run(
        RunRequest(
            model=options.model,
            config=config_of(options),
            backend=options.backend,
            input=options.input,
            json=options.json,
            report=options.report,
            png=options.png,
            trace=options.trace,
            waves=options.waves,
            labels=options.labels,
            reset_state=options.reset_state,
            trust=options.trust,
            signature=options.signature,
            config_file=options.config,
        ),
        Progress(),
    )
