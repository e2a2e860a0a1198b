"""Names and texts of others, fit for people: no control characters, no endless lines."""

from __future__ import annotations

LONGEST_NAME = 300
"""Letters of a name that a message quotes."""

LONGEST_LINE = 2000
"""Letters of a line of a message: it may list all fields, or quote a compiler."""


def printable(name: str | bytes) -> str:
    """A name in one line, whatever it holds: ``?`` for what a terminal might obey.

    So are line ends, changes of direction, and what stands for bytes that are no UTF-8.
    """
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def shown(name: object) -> str:
    """A name, a value or a file's path as a message quotes it: printable, and not too long."""
    return _cut(printable(str(name)), LONGEST_NAME)


def quoted(value: object) -> str:
    """A value as Python writes it, where Python does: numbers of thousands of digits it refuses."""
    try:
        return shown(repr(value))
    except ValueError:
        return "a number of thousands of digits"


def message(text: str) -> str:
    """A message, whose lines stay lines."""
    lines = text.split("\n")
    return "\n".join(
        _cut("\t".join(map(printable, line.split("\t"))), LONGEST_LINE) for line in lines
    )


def _cut(text: str, most: int) -> str:
    """The beginning and the end of a text that is too long."""
    if len(text) <= most:
        return text
    left_out = f" ... {len(text) - most + 40} letters ... "
    return text[: most - 80] + left_out + text[len(text) - 40 :]
