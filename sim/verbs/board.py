"""`board`: one inference on an FPGA board, or on a simulated one."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from hw.spec.errors import RequestError
from sim.progress import Progress
from sim.verbs.options import add_config_options, config_of, values_of

HELP = "run one inference on a board, over its serial port"
ACTIONS = ("run",)
BAUD = 1_000_000


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("action", choices=ACTIONS, help="run: one inference")
    parser.add_argument("--port", metavar="P", help="serial port, as /dev/ttyUSB0")
    parser.add_argument(
        "--simulate", action="store_true", help="simulate a board of the configuration"
    )
    parser.add_argument("--baud", type=int, default=BAUD, metavar="N", help=f"default: {BAUD}")
    parser.add_argument(
        "--timeout", type=float, metavar="S", help="seconds of silence that mean failure"
    )
    parser.add_argument(
        "--model", required=True, help=".onnx or .tflite file, or a built-in network (vww.onnx)"
    )
    add_config_options(parser)
    parser.add_argument(
        "--input", type=Path, metavar="F.npy|F.npz", help="default: a seeded signal"
    )
    parser.add_argument("--json", type=Path, metavar="F", help="write the result")
    parser.add_argument("--report", type=Path, metavar="F.html", help="write the report as a page")
    parser.set_defaults(handle=_run)


def _run(options: argparse.Namespace) -> None:
    from sim.board.run import BoardRequest, run_on_board

    if options.simulate == (options.port is not None):
        raise RequestError("board: name the board's serial port with --port, or use --simulate")
    if options.timeout is not None and not options.timeout > 0:
        raise RequestError(f"--timeout {options.timeout:g}: must be more than 0 seconds")
    if options.baud <= 0:
        raise RequestError(f"--baud {options.baud}: must be more than 0")
    progress = Progress()
    with ExitStack() as stack:
        port = options.port
        if options.simulate:
            from verification.board import simulated_board

            config = config_of(options)
            with progress.step("Preparing the simulated board") as step:
                board = simulated_board(config, note=lambda text: setattr(step, "detail", text))
                port = stack.enter_context(board)
        run_on_board(
            BoardRequest(
                port=port,
                baud=options.baud,
                model=options.model,
                asked=values_of(options),
                timeout_s=options.timeout,
                input=options.input,
                json=options.json,
                report=options.report,
            ),
            progress,
        )
