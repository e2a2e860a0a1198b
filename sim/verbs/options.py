"""Options that verbs share."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.hw.spec.config import FIELDS, Config, make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import shown
from tilewright.hw.spec.settings import PRESETS, load_values
from tilewright.sim.costs.clock import with_clock
from tilewright.sim.progress import Progress

CONFIGURATION = "configuration"
"""Title of the group of options that make a configuration, the same in every verb."""


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """A preset, then a file, then single values, each overriding the one before."""
    group = parser.add_argument_group(CONFIGURATION)
    group.add_argument(
        "--preset", default="default", metavar="P", help=f"one of {', '.join(PRESETS)}"
    )
    group.add_argument("--config", type=Path, metavar="F.toml", help="values over the preset's")
    group.add_argument(
        "--technology",
        metavar="T",
        help="short for --set technology=T: a process of `technologies list`, or a file F.yaml",
    )
    group.add_argument("--rows", metavar="N", help="short for --set rows=N")
    group.add_argument("--cols", metavar="N", help="short for --set cols=N")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        dest="sets",
        metavar="KEY=VALUE",
        help=f"any of {', '.join(FIELDS)}",
    )


def add_models_option(parser: argparse.ArgumentParser) -> None:
    """Networks, in ``models``; None stands for the built-in ones."""
    parser.add_argument(
        "--model",
        action="append",
        dest="models",
        metavar="M",
        help="a network's file or a built-in network; may be repeated; default: the built-in ones",
    )


def whole_number(option: str, text: str, least: int, most: int | None = None) -> int:
    """The number that an option's text says. Raises RequestError where it is none, or outside."""
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least or (most is not None and number > most):
        limits = f"of at least {least}" if most is None else f"in {least}..{most}"
        raise RequestError(f"{option} {shown(text) or repr(text)}: must be a whole number {limits}")
    return number


def config_of(options: argparse.Namespace) -> Config:
    """The configuration that the options describe; says which of them mean nothing in it.

    Raises RequestError.
    """
    values = values_of(options)
    config = with_clock(make_config(values))
    idle = [f"{key} = {values[key]}" for key in unused_fields(config) if key in values]
    if idle:
        Progress().note(f"Without an accelerator (npu = none), {', '.join(idle)} has no effect.")
    return config


def config_of_board(options: argparse.Namespace) -> Config:
    """As `config_of`, over what the board of ``--board`` sets where one is named."""
    if options.board is None:
        return config_of(options)
    # Amaranth is loaded only where a board is named.
    from tilewright.hw.fpga.boards import find_board
    from tilewright.sim.fpga.configuration import board_config

    return board_config(find_board(options.board), values_of(options))


def unused_fields(config: Config) -> tuple[str, ...]:
    """The fields that mean nothing in a configuration: the accelerator's, where there is none."""
    from tilewright.sim.results.result import OF_THE_ACCELERATOR

    return () if config.soc.npu != "none" else OF_THE_ACCELERATOR


def values_of(options: argparse.Namespace) -> dict[str, int | str]:
    """What the options set, without what is derived from it. Raises RequestError."""
    given = {key: getattr(options, key) for key in ("technology", "rows", "cols")}
    short = [f"{key}={value}" for key, value in given.items() if value is not None]
    return load_values(options.preset, options.config, [*short, *options.sets])


def add_trust_options(parser: argparse.ArgumentParser) -> None:
    """What the Program must be before a chip gets it."""
    parser.add_argument(
        "--trust", type=Path, metavar="K.pub.pem", help="refuse Programs that are not signed by it"
    )
    parser.add_argument(
        "--signature", type=Path, metavar="F.sig", help="the Program's signature, for --trust"
    )
