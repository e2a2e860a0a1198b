"""`board`: an FPGA board at a serial port, or a simulated one."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.system import require_boards_memory
from tilewright.sim.progress import Progress
from tilewright.sim.verbs.options import (
    add_config_options,
    add_trust_options,
    config_of_board,
    values_of,
)

if TYPE_CHECKING:
    from tilewright.hw.spec.config import Config
    from tilewright.sim.board.connect import Place
    from tilewright.sim.board.mlperf.serve import MlperfRequest

HELP = "run an inference on an FPGA board, over its serial port"
BAUD = 1_000_000
MOST_HOLD_S = 3600
MOST_TIMEOUT_S = 86_400
ACTIONS = {
    "run": "one inference",
    "info": "the board's configuration, as a file for --config",
    "reset": "reset the chip",
    "serve": "keep the simulated board there for others, and print its port",
}


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    actions = "; ".join(f"{name}: {what}" for name, what in ACTIONS.items())
    parser.add_argument("action", choices=ACTIONS, nargs="?", help=actions)
    parser.add_argument("--port", metavar="P", help="serial port, as /dev/ttyUSB0")
    parser.add_argument(
        "--simulate", action="store_true", help="simulate a board of the configuration"
    )
    parser.add_argument(
        "--boot", action="store_true", help="serve a board without firmware in its memory"
    )
    parser.add_argument(
        "--mlperf",
        nargs="?",
        const="",
        metavar="B",
        help="in place of an action: answer MLPerf Tiny's runner on a pseudo-terminal, as a device "
        "with the benchmark vww, kws, ic, ad or sww; without B, the network tells",
    )
    parser.add_argument(
        "--backend",
        choices=("functional", "rtl", "model"),
        help="of --simulate --mlperf: outputs computed bit for bit, cycles measured in RTL once, "
        "at power-up (functional, the default); an inference of every infer in RTL (rtl); cycles "
        "predicted (model)",
    )
    parser.add_argument(
        "--hold",
        type=float,
        metavar="S",
        help="of --mlperf: least seconds of the host that an infer of several inferences takes, "
        "since the runner rejects five that took less than 10 s; default: 2",
    )
    parser.add_argument(
        "--board",
        metavar="B",
        help="a board of `fpga --list-boards`: its port's rate; with --simulate, its configuration",
    )
    parser.add_argument("--baud", type=int, metavar="N", help=f"default: the board's, or {BAUD}")
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
    if options.timeout is not None and not 0 < options.timeout <= MOST_TIMEOUT_S:
        raise RequestError(
            f"--timeout {options.timeout:g}: must be more than 0 and at most {MOST_TIMEOUT_S} s"
        )
    if options.baud is not None and options.baud <= 0:
        raise RequestError(f"--baud {options.baud}: must be more than 0")
    if (options.action is None) == (options.mlperf is None):
        raise RequestError(f"board: give one of {', '.join(ACTIONS)}, or --mlperf")
    if options.backend is not None and not (options.simulate and options.mlperf is not None):
        raise RequestError(f"--backend {options.backend}: goes with --simulate --mlperf")
    of_run = ("input", "json", "report", "trust", "signature")
    given = [name for name in of_run if getattr(options, name) is not None]
    if given and options.action != "run":
        raise RequestError(f"--{given[0]}: goes with run")
    if options.simulate and options.mlperf is not None:
        for name in ("timeout", "baud"):
            if getattr(options, name) is not None:
                raise RequestError(f"--{name}: --simulate --mlperf has no serial port to wait for")
    if options.hold is not None and (
        options.mlperf is None or not 0 <= options.hold <= MOST_HOLD_S
    ):
        raise RequestError(f"--hold {options.hold:g}: goes with --mlperf, and is 0..{MOST_HOLD_S}")
    if options.action == "run" and options.model is None:
        raise RequestError("board run: name the network with --model")
    if options.action == "serve" and not options.simulate:
        raise RequestError("board serve: keeps a simulated board there; add --simulate")
    if options.boot and options.action != "serve":
        raise RequestError("--boot: a board without firmware can only be served")
    progress = Progress()
    if options.mlperf is not None and options.simulate:
        from tilewright.sim.board.mlperf.serve import serve_simulated

        serve_simulated(_mlperf_request(options, config_of_board(options)), progress)
        return
    with _place(options, progress) as place:
        if options.mlperf is not None:
            _serve_board(options, place, progress)
        elif options.action == "run":
            _run(options, place, progress)
        elif options.action == "serve":
            _serve(place)
        else:
            _ask(options.action, place, progress)


@contextmanager
def _place(options: argparse.Namespace, progress: Progress) -> Generator[Place]:
    """Where the board is; a simulated one runs while the block does."""
    from tilewright.sim.board.connect import Place

    if not options.simulate:
        yield Place(options.port, _baud(options), options.timeout)
        return
    from tilewright.verification.board.board import prepare_board, simulated_board

    config = config_of_board(options)
    require_boards_memory(config.flat(), "a simulated board")
    with progress.step("Preparing the simulated board") as step:
        board = prepare_board(
            config, lambda text: setattr(step, "detail", text), boot_stage=options.boot
        )
    with simulated_board(board) as port:
        yield Place(port, BAUD, options.timeout)


def _baud(options: argparse.Namespace) -> int:
    """What the user says, or the board's rate."""
    if options.board is None:
        return options.baud or BAUD
    # Amaranth is loaded only where a board is named.
    from tilewright.hw.fpga.boards import find_board

    board = find_board(options.board)
    return options.baud or board.baud


def _run(options: argparse.Namespace, place: Place, progress: Progress) -> None:
    from tilewright.sim.board.run import BoardRequest, run_on_board

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


def _serve_board(options: argparse.Namespace, place: Place, progress: Progress) -> None:
    from tilewright.sim.board.connect import connected
    from tilewright.sim.board.mlperf.serve import serve_board
    from tilewright.sim.board.run import require_config

    with connected(place, progress) as board:
        require_config(board.config, values_of(options), place.port)
        serve_board(_mlperf_request(options, board.config), board, progress)


def _mlperf_request(options: argparse.Namespace, config: Config) -> MlperfRequest:
    from tilewright.sim.board.mlperf.serve import HOLD_S, MlperfRequest

    return MlperfRequest(
        benchmark=options.mlperf or None,
        model=options.model,
        config=config,
        source=(options.backend or "functional") if options.simulate else "board",
        hold_s=HOLD_S if options.hold is None else options.hold,
    )


def _ask(action: str, place: Place, progress: Progress) -> None:
    from tilewright.sim.board.connect import connected
    from tilewright.sim.verbs.config import print_config

    with connected(place, progress) as board:
        if action == "reset":
            board.reset()
        else:
            print_config(board.config)
