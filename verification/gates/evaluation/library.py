"""evaluator.c, built once for each compiler and text, then loaded."""

from __future__ import annotations

import ctypes
import hashlib
from functools import lru_cache
from pathlib import Path

from tilewright.hw.spec.errors import TilewrightError
from tilewright.verification.gates.evaluation.functions import Kind
from tilewright.verification.tools.cache import cached
from tilewright.verification.tools.process import run
from tilewright.verification.tools.toolchain import find_compiler

SOURCE = Path(__file__).with_name("evaluator.c")
FLAGS = ("-x", "c", "-std=c11", "-O3", "-Wall", "-Wextra", "-shared", "-fPIC")
BLOCK = 512
"""Cycles that are evaluated at once, a multiple of 64."""

_LIBRARY = "evaluator.so"


@lru_cache(maxsize=1)
def evaluator_library() -> ctypes.CDLL:
    """The functions of evaluator.c.

    Raises RequestError without a compiler, and TilewrightError where it fails.
    """
    compiler = find_compiler()
    header = _layout()
    parts = [*FLAGS, *compiler.command, compiler.version, header, SOURCE.read_text()]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def build(folder: Path) -> None:
        (folder / "layout.h").write_text(header)
        command = [*compiler.command, *FLAGS, f"-I{folder}", str(SOURCE)]
        status, output = run([*command, "-o", str(folder / _LIBRARY)])
        if status:
            raise TilewrightError(
                f"{SOURCE.name} could not be built with {compiler.version}:\n{output.strip()}"
            )

    folder, _ = cached("evaluator", key, build)
    library = ctypes.CDLL(str(folder / _LIBRARY))
    number, address = ctypes.c_int64, ctypes.c_void_p
    library.evaluator_new.restype = address
    library.evaluator_new.argtypes = [
        *(number, number, address, number, address, number, address, number)
    ]
    library.evaluator_free.restype = None
    library.evaluator_free.argtypes = [address]
    library.evaluator_run.restype = number
    library.evaluator_run.argtypes = [address, address, number, number, address]
    library.evaluator_count.restype = None
    library.evaluator_count.argtypes = [
        *(address, number, number, number, address, address, address)
    ]
    return library


def _layout() -> str:
    """What C and Python share."""
    lines = [f"#define BLOCK {BLOCK}", *(f"#define {kind.name} {kind.value}" for kind in Kind)]
    return "\n".join(lines) + "\n"
