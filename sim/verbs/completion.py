"""`completion`: what a shell needs to complete the command line."""

from __future__ import annotations

import argparse

from tilewright.sim.command import INSTALLED

HELP = "print what makes a shell complete verbs, options and values"
SHELLS = ("bash", "zsh", "fish")


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("shell", choices=SHELLS, help="what reads it, from its start-up file")
    parser.set_defaults(handle=_completion)


def _completion(options: argparse.Namespace) -> None:
    from argcomplete.shell_integration import shellcode

    print(shellcode([INSTALLED], shell=options.shell))
