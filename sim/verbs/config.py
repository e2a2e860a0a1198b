"""`config`: presets and their values."""

from __future__ import annotations

import argparse
import textwrap

from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.field_docs import field_docs
from tilewright.hw.spec.settings import PRESETS
from tilewright.hw.spec.soc_config import FOLLOWING
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
    """Every value with its meaning and range, as a file for ``--config``.

    What a memory's kind sets stands in a comment, so that another kind over the file sets its own.
    """
    docs, unused, set_by_kind = field_docs(), unused_fields(config), _set_by_kind(config)
    for key, value in config.flat().items():
        remark = " Not used: the design has no accelerator." if key in unused else ""
        remark += " Its kind of memory sets it." if key in set_by_kind else ""
        print(textwrap.fill(docs[key] + remark, WIDTH, initial_indent=MARK, subsequent_indent=MARK))
        print(f"{MARK if key in set_by_kind else ''}{key} = {_toml(value)}")


def _set_by_kind(config: Config) -> set[str]:
    """Fields of memories that would have their value if nobody set them."""
    flat = config.flat()
    timings = (FOLLOWING["memory_kind"], FOLLOWING["weight_memory_kind"])
    return {
        name
        for names in timings
        for name in names
        if make_config({key: value for key, value in flat.items() if key != name}) == config
    }


def _toml(value: int | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
