"""`sign`: a signature of a network's Program."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.hw.spec.quoted import printable
from tilewright.sim.progress import Progress
from tilewright.sim.verbs.options import add_config_options, config_of_board

HELP = "sign a network's Program for a configuration"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--model", required=True, help=".onnx or .tflite file, or a built-in network (vww.onnx)"
    )
    parser.add_argument(
        "--board",
        metavar="B",
        help="begin with the configuration of this board (fpga --list-boards)",
    )
    add_config_options(parser)
    parser.add_argument(
        "--key", type=Path, required=True, metavar="K.pem", help="the private key (sim keys)"
    )
    parser.add_argument(
        "--release",
        type=int,
        default=0,
        metavar="N",
        help="a chip that has run a later one refuses this one (%(default)s)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="F.sig", help="the signature, for --signature"
    )
    parser.set_defaults(handle=_sign)


def _sign(options: argparse.Namespace) -> None:
    from tilewright.sim.signing.sign import SignRequest, sign

    sign(
        SignRequest(
            model=options.model,
            config=config_of_board(options),
            key=options.key,
            release=options.release,
            out=options.out,
            config_file=options.config,
        ),
        Progress(),
    )
    print(printable(str(options.out)))
