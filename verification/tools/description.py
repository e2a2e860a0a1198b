"""The hardware's description: what the sources say from which its Verilog is generated.

A description is an entry module with all that it imports of `hw`, however deep. Comments,
docstrings and the look of the text are no part of it: what they say changes no hardware.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from tilewright.hw.spec.config import Config
from tilewright.verification.tools.cache import cached
from tilewright.verification.tools.toolchain import versions

PROJECT = Path(__file__).parents[2]
CHIP = "tilewright.hw.verilog"
"""Entry of the chip's description."""

_PACKAGE = "tilewright."
"""In front of the names of our modules: which package they are in changes no hardware."""

_HASH_FILE = "hash"


def read_sources() -> dict[str, str]:
    """Texts of all hardware modules and of Verilog beside them, by path."""
    return {
        path.relative_to(PROJECT).as_posix(): path.read_text()
        for path in sorted((PROJECT / "hw").rglob("*"))
        if path.suffix in (".py", ".sv")
    }


SOURCES = read_sources()
"""As this process runs them: read once, since a later edit is not loaded."""


@cache
def description_hash(entry: str = CHIP) -> str:
    """Hash of what `SOURCES` say from the module ``entry`` on; parsing them takes a while."""
    texts = _hash([entry, SOURCES, sys.version])

    def build(folder: Path) -> None:
        (folder / _HASH_FILE).write_text(_hash(described(entry, SOURCES)))

    folder, _ = cached("descriptions", texts, build)
    return (folder / _HASH_FILE).read_text()


def described(entry: str, sources: Mapping[str, str]) -> dict[str, str]:
    """What ``sources`` say from the module ``entry`` on, by path; all Verilog belongs to it."""
    found = {path: text for path, text in sources.items() if path.endswith(".sv")}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        path = _path(name, sources)
        if path is None or path in found:
            continue
        imported, found[path] = _parsed(sources[path])
        waiting += [*imported, name.rpartition(".")[0]]
    return found


def source_key(config: Config, *beside: object, entry: str = CHIP) -> str:
    """Hash of what ``config``'s Verilog is generated from, and of what is done ``beside`` that."""
    return _hash([config.hardware_key(), description_hash(entry), versions(), *beside])[:16]


def _hash(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _path(module: str, sources: Mapping[str, str]) -> str | None:
    """The module's file; None for a name that is no module of ``sources``."""
    base = module.removeprefix(_PACKAGE).replace(".", "/")
    return next((path for path in (f"{base}.py", f"{base}/__init__.py") if path in sources), None)


@cache
def _parsed(text: str) -> tuple[list[str], str]:
    """What the module's text imports, and what it says."""
    tree = ast.parse(text)
    return list(_imported(tree)), _meaning(tree)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Names that may be modules: what is imported from a package may be one in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _meaning(tree: ast.Module) -> str:
    """The module's syntax without strings that stand alone: docstrings, and those behind fields.

    Imports name modules as `_path` does.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [line for line in node.body if not _is_text(line)]
        elif isinstance(node, ast.ImportFrom) and node.module:
            node.module = node.module.removeprefix(_PACKAGE)
    return ast.dump(tree)


def _is_text(line: ast.stmt) -> bool:
    return (
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Constant)
        and isinstance(line.value.value, str)
    )
