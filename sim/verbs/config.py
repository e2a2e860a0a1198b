"""`config`: presets and their values."""

from __future__ import annotations

import argparse
import textwrap

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.field_docs import field_docs
from tilewright.hw.spec.settings import PRESETS
from tilewright.sim.verbs.options import add_config_options, config_of, unused_fields

HELP = "presets and their values"
MARK = "# "
WIDTH = 100
"""Columns of the comments."""


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
    """Every value with its meaning and range, as a file for ``--config``."""
    docs, unused = field_docs(), unused_fields(config)
    for key, value in config.flat().items():
        ignored = " Not used: the design has no accelerator." if key in unused else ""
        print(
            textwrap.fill(docs[key] + ignored, WIDTH, initial_indent=MARK, subsequent_indent=MARK)
        )
        print(f"{key} = {_toml(value)}")


def _toml(value: int | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
