"""Verilator's runtime library: the same for every design, so that it is compiled once.

It takes a third of a model's build (docs/adr/0005-co-simulation.md).
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from tilewright.hw.spec.errors import TilewrightError
from tilewright.verification.tools.cache import cached
from tilewright.verification.tools.toolchain import Compiler, versions

_PARTS = re.compile(r"^VM_GLOBAL_(?:FAST|SLOW) \+= \\\n((?:  *\S+ \\\n)*)", re.MULTILINE)

Make = Callable[[Sequence[str]], str]
"""Runs make with these words in the folder of a model's makefiles; returns what it prints."""


def runtime_objects(
    objects: Path, compiler: Compiler, headers: dict[str, str], make: Make
) -> tuple[str, bool]:
    """The library's object files, as a makefile's words, and whether it was compiled just now.

    ``objects``: folder with the makefiles that Verilator wrote. ``headers``: texts that the
    library includes beside Verilator's own, by name.
    """
    found = _PARTS.findall((objects / "Vtop_classes.mk").read_text())
    names = sorted(f"{word}.o" for part in found for word in part.replace("\\", " ").split())
    if not names:
        raise TilewrightError(f"{objects}: Verilator's makefile names no runtime library")
    commands = make(["--dry-run", *names])
    parts = [commands, compiler.version, versions(), headers]
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    def build(folder: Path) -> None:
        make(names)
        for name in names:
            (objects / name).rename(folder / name)

    folder, is_new = cached("runtime", key, build)
    words = (shlex.quote(str(folder / name)).replace("$", "$$") for name in names)
    return " ".join(words), is_new
