"""The model's parts in C: built once for each compiler and text, then loaded."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from tilewright.hw.spec.errors import TilewrightError
from tilewright.sim.model.layout import c_header
from tilewright.sim.model.memory.timed import HEADERS
from tilewright.verification.tools.cache import cached
from tilewright.verification.tools.process import run
from tilewright.verification.tools.toolchain import Compiler, find_compiler

FLAGS = ("-x", "c", "-std=c11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC")
_HEADER = "layout.h"


@lru_cache(maxsize=1)
def replay_function() -> Callable[[int, int, Any, int, int, int], int]:
    """``replay`` of replay.c; all but the chip, its limit and its result are addresses of int64
    arrays. The chip is a pointer to its structure, or None.

    Raises RequestError without a compiler, and TilewrightError where it fails.
    """
    function = load_library(Path(__file__).parent / "replay", c_header()).replay
    address = ctypes.c_void_p
    function.argtypes = [address, address, address, ctypes.c_int64, address, address]
    function.restype = ctypes.c_int64
    return function


def load_library(sources: Path, header: str) -> ctypes.CDLL:
    """Compile the C file of a folder that has the folder's name, and load it.

    ``header``: the text of layout.h, which Python and C share. Raises RequestError without a
    compiler, and TilewrightError where it fails.
    """
    compiler = find_compiler()
    name = sources.name
    folder, _ = cached(
        name,
        _key(compiler, sources, header),
        lambda folder: _build(folder, compiler, sources, header),
    )
    return ctypes.CDLL(str(folder / f"{name}.so"))


def _key(compiler: Compiler, sources: Path, header: str) -> str:
    """A hash of all that the library is made of."""
    texts = [*FLAGS, *compiler.command, compiler.version, header]
    for path in (*sorted(sources.iterdir()), *sorted(HEADERS.glob("*.h"))):
        texts += [path.name, path.read_text()]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:20]


def _build(folder: Path, compiler: Compiler, sources: Path, header: str) -> None:
    (folder / _HEADER).write_text(header)
    source, library = sources / f"{sources.name}.c", folder / f"{sources.name}.so"
    command = [*compiler.command, *FLAGS, f"-I{folder}", f"-I{sources}", f"-I{HEADERS}"]
    command += [str(source), "-o", str(library)]
    status, output = run(command)
    if status:
        raise TilewrightError(
            f"the model's {source.name} could not be built with {compiler.version}:\n"
            f"{output.strip()}"
        )
