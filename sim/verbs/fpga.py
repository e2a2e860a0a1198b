"""`fpga`: a bitstream of the chip for a board."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.networks.zoo import ZOO_NAMES
from tilewright.sim.progress import Progress
from tilewright.sim.verbs.options import add_config_options, values_of, whole_number

HELP = "make a bitstream of the chip for a board"

LARGEST_SEED = (1 << 31) - 1
"""Of nextpnr."""


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--board", metavar="B", help="a board of --list-boards")
    parser.add_argument(
        "--list-boards", action="store_true", help="print the boards and what fits them"
    )
    add_config_options(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="bitstream, fpga.json, logs")
    parser.add_argument(
        "--seed", metavar="N", help="of placement, another one may be faster; default: the board's"
    )
    parser.add_argument(
        "--model",
        action="append",
        dest="models",
        metavar="M",
        help="networks whose latency is told; may be repeated; default: the built-in ones",
    )
    parser.add_argument(
        "--backend",
        choices=("model", "rtl"),
        help="where cycles come from; default: the model, where it knows the configuration's",
    )
    parser.add_argument(
        "--load", action="store_true", help="put the bitstream on the board, by an installed loader"
    )
    parser.set_defaults(handle=_fpga)


def _seed(text: str | None, usual: int) -> int:
    return usual if text is None else whole_number("--seed", text, 0, LARGEST_SEED)


def _fpga(options: argparse.Namespace) -> None:
    # Amaranth is loaded for this verb only.
    from tilewright.hw.fpga.boards import find_board
    from tilewright.sim.fpga.configuration import board_config
    from tilewright.sim.fpga.fpga import FpgaRequest, fpga

    if options.list_boards:
        from tilewright.sim.fpga.listing import print_boards

        print_boards()
        return
    if options.board is None or options.out is None:
        missing = "--board" if options.board is None else "--out"
        raise RequestError(f"{missing} is missing; see --list-boards and --help")
    board = find_board(options.board)
    fpga(
        FpgaRequest(
            board=board,
            config=board_config(board, values_of(options)),
            out=options.out,
            seed=_seed(options.seed, board.seed),
            models=tuple(options.models or ZOO_NAMES),
            backend=options.backend,
            load=options.load,
        ),
        Progress(),
    )
