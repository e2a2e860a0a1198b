"""Output that pages of the documentation show, made by the commands that they show it for.

``python -m sim.measure.documents [--write] [--slow] [PAGE...]`` runs the marked commands of each
page in an empty folder and compares what they print with the page, or writes it there. A block is
marked by a comment on the line before its fence::

    <!-- run from="^ad: " to="^all with" -->
    ```
    python -m sim sweep --model ad ... \\
        --out build/rows
    ...
    ad: 4 points on the front
    ```

Its first lines are the command, up to one that does not end in a backslash; all below is output:
the lines from the first that ``from`` is found in to the next that ``to`` is found in, both of them
regular expressions, or all lines. Dots stand for lines left out. ``cut`` are further
lines to leave out, such as times. ``slow`` marks what takes minutes,
``status=2`` a request that is refused, whose message is the output. Commands run in the page's
order and find what those before them have written. A block behind ``<!-- file NAME -->`` is the
content of a file, which stands in the folder before any command runs.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.files import write_atomically

PROJECT = Path(__file__).resolve().parents[2]
PAGES = tuple(
    PROJECT / name
    for name in (
        "README.md",
        "docs/tutorial-sweep.md",
        "docs/tutorial-float.md",
        "docs/analysis.md",
        "docs/energy.md",
    )
)
LEFT_OUT = "..."

_BLOCK = re.compile(
    r"^<!-- run(?P<options>[^\n]*?) -->\n```\w*\n(?P<content>.*?)^```$", re.M | re.S
)
_FILE = re.compile(r"^<!-- file (?P<name>[\w.]+) -->\n```\w*\n(?P<content>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A marked block: its command in one line, the output that the page shows, what of it."""

    command: str
    shown: str
    start: int
    end: int
    slow: bool = False
    first: str = ""
    last: str = ""
    cut: str = ""
    status: int = 0

    def chosen(self, printed: str) -> str:
        """Of what the command printed, the lines that the page is to show."""
        lines = [line.rstrip() for line in printed.rstrip().splitlines()]
        begin = next((i for i, line in enumerate(lines) if re.search(self.first, line)), None)
        if begin is None:
            raise RequestError(f"{self.command}: prints no line with {self.first!r}")
        end = len(lines)
        if self.last:
            after = range(begin, len(lines))
            end = next((i + 1 for i in after if re.search(self.last, lines[i])), 0)
        if not end:
            raise RequestError(f"{self.command}: prints no line with {self.last!r}")
        before = [LEFT_OUT] if any(lines[:begin]) else []
        behind = [LEFT_OUT] if any(lines[end:]) else []
        chosen = (*before, *self._uncut(lines[begin:end]), *behind)
        return "".join(f"{line}\n" for line in chosen)

    def _uncut(self, lines: Sequence[str]) -> Iterator[str]:
        """The lines with dots in place of those in a row that ``cut`` is found in."""
        cut = [bool(self.cut) and re.search(self.cut, line) is not None for line in lines]
        for number, line in enumerate(lines):
            if not cut[number]:
                yield line
            elif number == 0 or not cut[number - 1]:
                yield LEFT_OUT


def blocks(text: str) -> Iterator[Block]:
    """The marked blocks of a page. Raises RequestError for a mark that cannot be read."""
    for found in _BLOCK.finditer(text):
        lines = found["content"].splitlines(keepends=True)
        length = next((i + 1 for i, line in enumerate(lines) if not line.endswith("\\\n")), 0)
        command = " ".join(line.rstrip("\\\n").strip() for line in lines[:length])
        start = found.start("content") + sum(map(len, lines[:length]))
        block = Block(command, text[start : found.end("content")], start, found.end("content"))
        yield _with_options(block, found["options"])


def _with_options(block: Block, options: str) -> Block:
    slow, first, last, cut, status = False, "", "", "", 0
    for word in shlex.split(options):
        key, _, value = word.partition("=")
        match key:
            case "slow":
                slow = True
            case "cut":
                cut = value
            case "from":
                first = value
            case "to":
                last = value
            case "status":
                status = int(value)
            case _:
                raise RequestError(f"<!-- run{options} -->: {word} is no option of a mark")
    return replace(block, slow=slow, first=first, last=last, cut=cut, status=status)


def write_files(text: str, folder: Path) -> None:
    """Write the files whose content the page shows."""
    for found in _FILE.finditer(text):
        (folder / found["name"]).write_text(found["content"], encoding="utf-8")


def printed(block: Block, folder: Path) -> str:
    """What the block's command prints in this folder. Raises RequestError where it fails."""
    words = shlex.split(block.command)
    if words[0] != "python":
        raise RequestError(f"{block.command}: must begin with python")
    run = subprocess.run(
        [sys.executable, *words[1:]],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != block.status:
        raise RequestError(f"{block.command}: ends with status {run.returncode}: {run.stderr}")
    errors = [line for line in run.stderr.splitlines(keepends=True) if line.startswith("error: ")]
    return "".join(errors) if block.status else run.stdout


def rewritten(text: str, output: Callable[[Block], str], *, slow: bool) -> tuple[str, list[str]]:
    """The page with the output that its commands print now, and those whose output has changed.

    Slow blocks stay as they are unless ``slow``.
    """
    stale: list[str] = []
    parts: list[str] = []
    place = 0
    for block in blocks(text):
        if block.slow and not slow:
            continue
        shown = block.chosen(output(block))
        if shown != block.shown:
            stale.append(block.command)
        parts += [text[place : block.start], shown]
        place = block.end
    return "".join((*parts, text[place:])), stale


def main(arguments: list[str]) -> int:
    """Entry of ``python -m sim.measure.documents``."""
    parser = argparse.ArgumentParser(
        prog="python -m sim.measure.documents", description="Compare pages with what commands print"
    )
    parser.add_argument("pages", nargs="*", type=Path, default=PAGES, metavar="PAGE")
    parser.add_argument("--write", action="store_true", help="put what they print into the pages")
    parser.add_argument("--slow", action="store_true", help="run what takes minutes as well")
    options = parser.parse_args(arguments)
    changed = 0
    for page in options.pages:
        text = page.read_text(encoding="utf-8")
        try:
            with tempfile.TemporaryDirectory() as folder:
                write_files(text, Path(folder))
                new, stale = rewritten(
                    text, lambda block: printed(block, Path(folder)), slow=options.slow
                )
        except RequestError as error:
            print(f"error: {page}: {error}", file=sys.stderr)
            return 2
        for command in stale:
            print(f"{page}: {'written' if options.write else 'stale'}: {command}")
        if options.write and stale:
            write_atomically(page, new)
        changed += len(stale)
    return 3 if changed and not options.write else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
