"""`board`: an FPGA board at a serial port, or a simulated one."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hw.spec.errors import RequestError
from sim.progress import Progress
from sim.verbs.options import add_config_options, add_trust_options, config_of, values_of

if TYPE_CHECKING:
    from sim.board.connect import Place

HELP = "run an inference on an FPGA board, over its serial port"
BAUD = 1_000_000
ACTIONS = {
    "run": "one inference",
    "info": "the board's configuration, as a file for --config",
    "reset": "reset the chip",
    "serve": "keep the simulated board there for others, and print its port",
}


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    actions = "; ".join(f"{name}: {what}" for name, what in ACTIONS.items())
    parser.add_argument("action", choices=ACTIONS, help=actions)
    parser.add_argument("--port", metavar="P", help="serial port, as /dev/ttyUSB0")
    parser.add_argument(
        "--simulate", action="store_true", help="simulate a board of the configuration"
    )
    parser.add_argument(
        "--boot", action="store_true", help="serve a board without firmware in its memory"
    )
    parser.add_argument(
        "--baud", type=int, default=BAUD, metavar="N", help=f"bits a second; default: {BAUD}"
    )
    parser.add_argument(
        "--timeout", type=float, metavar="S", help="seconds of silence that mean failure"
    )
    parser.add_argument(
        "--model",
        metavar="M",
        help=".onnx or .tflite file, or a built-in network (vww.onnx); run needs it",
    )
    add_config_options(parser)
    parser.add_argument(
        "--input",
        type=Path,
        metavar="F.npy|F.npz",
        help="what the network is given; default: a seeded signal",
    )
    add_trust_options(parser)
    parser.add_argument("--json", type=Path, metavar="F", help="write the result")
    parser.add_argument("--report", type=Path, metavar="F.html", help="write the report as a page")
    parser.set_defaults(handle=_handle)


def _handle(options: argparse.Namespace) -> None:
    if options.simulate == (options.port is not None):
        raise RequestError("board: name the board's serial port with --port, or use --simulate")
    if options.timeout is not None and not options.timeout > 0:
        raise RequestError(f"--timeout {options.timeout:g}: must be more than 0 seconds")
    if options.baud <= 0:
        raise RequestError(f"--baud {options.baud}: must be more than 0")
    if options.action == "run" and options.model is None:
        raise RequestError("board run: name the network with --model")
    if options.action == "serve" and not options.simulate:
        raise RequestError("board serve: keeps a simulated board there; add --simulate")
    if options.boot and options.action != "serve":
        raise RequestError("--boot: a board without firmware can only be served")
    progress = Progress()
    with _place(options, progress) as place:
        if options.action == "run":
            _run(options, place, progress)
        elif options.action == "serve":
            _serve(place)
        else:
            _ask(options.action, place, progress)


@contextmanager
def _place(options: argparse.Namespace, progress: Progress) -> Generator[Place]:
    """Where the board is; a simulated one runs while the block does."""
    from sim.board.connect import Place

    if not options.simulate:
        yield Place(options.port, options.baud, options.timeout)
        return
    from verification.board.board import prepare_board, simulated_board

    config = config_of(options)
    with progress.step("Preparing the simulated board") as step:
        board = prepare_board(
            config, lambda text: setattr(step, "detail", text), boot_stage=options.boot
        )
    with simulated_board(board) as port:
        yield Place(port, options.baud, options.timeout)


def _run(options: argparse.Namespace, place: Place, progress: Progress) -> None:
    from sim.board.run import BoardRequest, run_on_board

    run_on_board(
        BoardRequest(
            place=place,
            model=options.model,
            asked=values_of(options),
            input=options.input,
            json=options.json,
            report=options.report,
            trust=options.trust,
            signature=options.signature,
            config_file=options.config,
        ),
        progress,
    )


def _serve(place: Place) -> None:
    """Print where the board is, and leave it there until the user interrupts."""
    print(f"{place.port} is the serial port of a simulated board; Ctrl-C ends it", flush=True)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


def _ask(action: str, place: Place, progress: Progress) -> None:
    from sim.board.connect import connected
    from sim.verbs.config import print_config

    with connected(place, progress) as board:
        if action == "reset":
            board.reset()
        else:
            print_config(board.config)
