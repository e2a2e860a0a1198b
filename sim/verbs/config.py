"""`config`: presets and their values."""

from __future__ import annotations

import argparse

from hw.spec.config import Config
from hw.spec.settings import PRESETS
from sim.verbs.options import add_config_options, config_of

HELP = "presets and their values"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's own verbs."""
    verbs = parser.add_subparsers(dest="config_verb", required=True, metavar="list|show")
    verbs.add_parser("list", help="presets").set_defaults(handle=_config_list)
    show = verbs.add_parser("show", help="every value, as a file for --config")
    add_config_options(show)
    show.set_defaults(handle=_config_show)


def _config_list(_: argparse.Namespace) -> None:
    for name, values in PRESETS.items():
        changes = ", ".join(f"{key}={value}" for key, value in values.items())
        print(f"{name}: {changes or 'every default'}")


def _config_show(options: argparse.Namespace) -> None:
    print_config(config_of(options))


def print_config(config: Config) -> None:
    """Every value, as a file for ``--config``."""
    for key, value in config.flat().items():
        print(f"{key} = {_toml(value)}")


def _toml(value: int | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
