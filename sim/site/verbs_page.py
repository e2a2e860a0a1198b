"""docs/verbs.md: every verb and option, from the parsers that read the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import Any

from tilewright.sim.command import INSTALLED, MODULE
from tilewright.sim.verbs.options import CONFIGURATION

_INTRODUCTION = (
    f"Every verb with its arguments and options, as `{MODULE} VERB --help` has them. "
    f"`{INSTALLED}` is the same command. Exit status: 0 done and checked; 2 the request is wrong; "
    "3 the chip failed its check; 130 interrupted; 1 an internal error."
)
_OF_CONFIGURATIONS = (
    "Verbs that take a configuration have these options: a preset, then a file, then single "
    "values, each overriding the one before. [Configuration](configuration.md) has every field and "
    "preset with its meaning."
)
_REFERENCE = "the options of a [configuration](#options-of-a-configuration)"


def verbs_page(parser: argparse.ArgumentParser) -> str:
    """The page's text without a banner."""
    verbs = list(_verbs(parser))
    contents = [f"| [`{name}`](#{name}) | {_cell(text)} |" for name, _, text in verbs]
    grouped = next(group for _, verb, _ in verbs for group in _configuration(verb))
    parts = [
        "# Verbs",
        _INTRODUCTION,
        "\n".join(["| verb | what it does |", "|---|---|", *contents]),
        *(text for name, verb, _ in verbs for text in _section(name, verb)),
        "## Options of a configuration",
        _OF_CONFIGURATIONS,
        _table(map(_row, grouped._group_actions)),
    ]
    return "\n\n".join(parts) + "\n"


def _verbs(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Name, parser and meaning of each verb below a parser."""
    for action in parser._actions:
        listed: list[argparse.Action] = getattr(action, "_choices_actions", [])
        meanings = {choice.dest: choice.help or "" for choice in listed}
        for name, verb in dict(action.choices or ()).items() if listed else ():
            yield name, verb, meanings[name]


def _section(name: str, verb: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {name}"
    below = list(_verbs(verb))
    if not below:
        yield from _described(name, verb)
    for child, parser, text in below:
        yield f"### {name} {child}"
        yield f"{text[0].upper()}{text[1:]}."
        yield from _described(f"{name} {child}", parser)


def _described(name: str, verb: argparse.ArgumentParser) -> Iterator[str]:
    actions = _arguments(verb)
    groups = list(_configuration(verb))
    needed = [_spelled(action) for action in actions if action.required]
    optional = groups or any(not action.required for action in actions)
    words = [MODULE, name, *needed, *(["[options]"] if optional else [])]
    yield f"```\n{' '.join(words)}\n```"
    rows = [*map(_row, actions), *(f"| | {_REFERENCE} |" for _ in groups)]
    if rows:
        yield _table(rows)


def _configuration(verb: argparse.ArgumentParser) -> Iterator[Any]:
    """The group of the configuration's options, where the verb has one."""
    return (group for group in verb._action_groups if group.title == CONFIGURATION)


def _arguments(verb: argparse.ArgumentParser) -> list[argparse.Action]:
    """Those of the verb itself: needed ones first."""
    shared = [action for group in _configuration(verb) for action in group._group_actions]
    own = [a for a in verb._actions if a not in shared and "--help" not in a.option_strings]
    return sorted(own, key=lambda action: not action.required)


def _row(action: argparse.Action) -> str:
    meaning = action.help or ""
    if action.nargs != 0 and action.default not in (None, []) and "default" not in meaning:
        meaning = f"{meaning}; default: {action.default}"
    return f"| `{_cell(_spelled(action))}` | {_cell(meaning)} |"


def _spelled(action: argparse.Action) -> str:
    """The option's name and its value's, a positional argument's name alone."""
    names = list(action.option_strings[:1])
    if action.nargs == 0:
        return names[0]
    value = action.metavar or "|".join(action.choices or [action.dest.upper()])
    return " ".join([*names, str(value)])


def _table(rows: Iterable[str]) -> str:
    return "\n".join(["| argument | meaning |", "|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
