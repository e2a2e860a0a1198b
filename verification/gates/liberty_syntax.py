"""The syntax of a Liberty file: groups that hold attributes and groups. What they mean is
`verification.gates.liberty`'s."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tilewright.hw.spec.errors import RequestError

# Blanks, continued lines, comments, and the semicolons that some files have too many of.
_BLANK = re.compile(r"(?:[\s;\\]+|/\*.*?\*/|//[^\n]*)*", re.DOTALL)
# The end of a group; a simple attribute, whose semicolon some files lack; or a name with what is
# in its parentheses, where a brace makes it a group.
_STATEMENT = re.compile(
    r"""(?P<end>\})
    |(?P<name>[\w.]+)\s*(?:
        :\s*(?:"(?P<text>[^"]*)"|(?P<word>[^;\n}"]+?))\s*?(?:;|(?=\n|\}|/[/*]))
        |\((?P<list>(?:"[^"]*"|[^")])*)\)\s*(?P<open>\{)?
    )""",
    re.VERBOSE | re.DOTALL,
)
_LISTED = re.compile(r'"([^"]*)"|([^\s,"\\]+)')


@dataclass(slots=True)
class Group:
    """``kind (names) { ... }``: attributes by name, the last one of a name, and groups in order.

    Attributes:
        simple: values of ``name : value``, without quotes.
        lists: values of ``name (value, ...)``.
        line: where it begins, for messages.
    """

    kind: str
    names: tuple[str, ...]
    source: str
    line: int
    simple: dict[str, str] = field(default_factory=dict)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its first name. Raises RequestError where it has none."""
        if not self.names:
            raise self.error(f"{self.kind} has no name")
        return self.names[0]

    def of_kind(self, kind: str) -> Iterator[Group]:
        """The groups ``kind`` in it."""
        return (group for group in self.groups if group.kind == kind)

    def number(self, name: str, otherwise: float = 0.0) -> float:
        """A simple attribute that is a number. Raises RequestError where it is none."""
        text = self.simple.get(name)
        if text is None:
            return otherwise
        try:
            return float(text)
        except ValueError:
            raise self.error(f"{name} : {text} is not a number") from None

    def flag(self, name: str) -> bool:
        """A simple attribute that is true or false."""
        return self.simple.get(name, "false").lower() == "true"

    def error(self, text: str) -> RequestError:
        """With file and line in front."""
        return RequestError(f"{self.source}:{self.line}: {text}")


def read_groups(path: Path) -> Group:
    """The library group of a file, which may be compressed by gzip.

    Raises RequestError, with file and line, for what is no Liberty.
    """
    return parse_groups(read_text(path), str(path))


def read_text(path: Path) -> str:
    """Text of a Liberty file, compressed or not. Raises RequestError where it cannot be read."""
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (EOFError, zlib.error) as error:
        raise RequestError(f"{path}: is no whole gzip file ({error})") from None
    # Names and numbers are ASCII; what people write in comments need not be.
    return data.decode("latin-1")


def parse_groups(text: str, source: str) -> Group:
    """The library group in ``text``; ``source`` is its name in messages. Raises RequestError."""
    top = Group("", (), source, 1)
    open_groups = [top]
    position = line = counted = 0
    while True:
        blank = _BLANK.match(text, position)
        assert blank
        position = blank.end()
        line += text.count("\n", counted, position)
        counted = position
        if position == len(text):
            break
        found = _STATEMENT.match(text, position)
        if found is None or (found["end"] and len(open_groups) == 1):
            shown = text[position : position + 40].split("\n")[0]
            raise RequestError(f"{source}:{line + 1}: not Liberty syntax: {shown!r}")
        position = found.end()
        inside = open_groups[-1]
        if found["end"]:
            open_groups.pop()
        elif found["list"] is None:
            value = found["text"] if found["word"] is None else found["word"].strip()
            inside.simple[found["name"]] = value
        elif found["open"] is None:
            inside.lists[found["name"]] = _words(found["list"])
        else:
            group = Group(found["name"], _words(found["list"]), source, line + 1)
            inside.groups.append(group)
            open_groups.append(group)
    if len(open_groups) > 1:
        raise open_groups[-1].error(f"{open_groups[-1].kind} group is not closed")
    libraries = [group for group in top.groups if group.kind == "library"]
    if len(libraries) != 1:
        raise RequestError(f"{source}: is no Liberty file: {len(libraries)} library groups, not 1")
    return libraries[0]


def _words(text: str) -> tuple[str, ...]:
    return tuple(quoted or plain for quoted, plain in _LISTED.findall(text))
