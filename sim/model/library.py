"""The replay in C: built once for each compiler and text, then loaded."""

from __future__ import annotations

import ctypes
import hashlib
import subprocess
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from hw.spec.errors import TilewrightError
from sim.model.layout import c_header
from verification.tools.cache import cached
from verification.tools.toolchain import Compiler, find_compiler

SOURCES = Path(__file__).parent / "replay"
FLAGS = ("-x", "c", "-std=c11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC")
_LIBRARY, _HEADER = "replay.so", "layout.h"


@lru_cache(maxsize=1)
def replay_function() -> Callable[[int, int, int, int, int], int]:
    """``replay`` of replay.c; all but its limit and its result are addresses of int64 arrays.

    Raises RequestError without a compiler, and TilewrightError where it fails.
    """
    compiler = find_compiler()
    folder, _ = cached("replay", _key(compiler), lambda folder: _build(folder, compiler))
    function = ctypes.CDLL(str(folder / _LIBRARY)).replay
    address = ctypes.c_void_p
    function.argtypes = [address, address, ctypes.c_int64, address, address]
    function.restype = ctypes.c_int64
    return function


def _key(compiler: Compiler) -> str:
    """A hash of all that the library is made of."""
    texts = [*FLAGS, *compiler.command, compiler.version, c_header()]
    for path in sorted(SOURCES.iterdir()):
        texts += [path.name, path.read_text()]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:20]


def _build(folder: Path, compiler: Compiler) -> None:
    (folder / _HEADER).write_text(c_header())
    command = [*compiler.command, *FLAGS, f"-I{folder}", f"-I{SOURCES}"]
    command += [str(SOURCES / "replay.c"), "-o", str(folder / _LIBRARY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise TilewrightError(
            f"the model's replay could not be built with {compiler.version}:\n{done.stderr.strip()}"
        )
