"""`keys`: a new pair of keys to sign Programs with."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.hw.spec.quoted import printable

HELP = "new keys to sign Programs with"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="NAME",
        help="writes NAME.pem, which is yours alone, and NAME.pub.pem for --trust",
    )
    parser.set_defaults(handle=_keys)


def _keys(options: argparse.Namespace) -> None:
    from tilewright.sim.signing.keys import new_keys

    for path in new_keys(options.out):
        print(printable(str(path)))
