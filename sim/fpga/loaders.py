"""Programs that put a bitstream on a board: how each is called, which are installed."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.hw.fpga.boards import Board
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import printable

PACKAGES = {
    "openFPGALoader": "Debian, Ubuntu and Fedora: the package openfpgaloader",
    "iceprog": "Debian and Ubuntu: the package fpga-icestorm",
    "fujprog": "github.com/kost/fujprog",
}
"""Where each program comes from."""


@dataclass(frozen=True)
class Load:
    """A way to load a bitstream: the program, and its options before the file."""

    program: str
    options: Sequence[str]

    def command(self, bitstream: Path) -> list[str]:
        """The command line."""
        return [self.program, *self.options, str(bitstream)]

    def shown(self, bitstream: Path) -> str:
        """The same for a shell."""
        return printable(shlex.join(self.command(bitstream)))


def ways(board: Board) -> list[Load]:
    """How the board is loaded: what is installed first, else what is usual."""
    known = [Load(program, options) for program, options in board.loaders.items()]
    return sorted(known, key=lambda way: shutil.which(way.program) is None)


def require_loader(board: Board) -> Load:
    """The first way whose program is installed.

    Raises RequestError where none is, which says where to get one.
    """
    found = ways(board)[0]
    if shutil.which(found.program) is None:
        sources = "; ".join(f"{name} ({PACKAGES[name]})" for name in board.loaders)
        raise RequestError(
            f"--load: {board.title} takes {' or '.join(board.loaders)}, and none is on PATH; "
            f"install one: {sources}"
        )
    return found


def load(way: Load, bitstream: Path, board: Board) -> None:
    """Load ``bitstream``; the program writes to the terminal itself.

    Raises RequestError where it fails.
    """
    try:
        done = subprocess.run(way.command(bitstream), check=False)
    except OSError as error:
        raise RequestError(f"--load: {way.program} cannot be started: {error}") from None
    if done.returncode:
        raise RequestError(
            f"--load: {way.program} failed (exit status {done.returncode}); is {board.title} "
            f"connected, and may you use it? The bitstream is there: {way.shown(bitstream)}"
        )
