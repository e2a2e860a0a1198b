"""Makes an executable of Verilog and a C++ main program: Verilator, then a C++ compiler."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.hw.spec.errors import TilewrightError
from tilewright.verification.cosim.build_time import expected_seconds, note_build
from tilewright.verification.cosim.runtime import runtime_objects
from tilewright.verification.tools.cache import cached, kept
from tilewright.verification.tools.process import run
from tilewright.verification.tools.toolchain import Compiler, require_make, verilator_root, versions

EXECUTABLE = "model"
_MODELS = "models"
"""The kind of build in the cache."""

COMMON_FLAGS = (
    "--cc",
    "--exe",
    "--prefix",
    "Vtop",
    "--top-module",
    "top",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--no-assert",
    # Fewer, larger files: each costs a second for its headers.
    "--output-groups",
    "2",
    # Yosys and SpinalHDL write widths as they come; real mistakes stop at Amaranth.
    "-Wno-WIDTH",
    "-Wno-CASEINCOMPLETE",
    "-Wno-fatal",
)
COMPILER_FLAGS = "-std=c++20 -fcoroutines"
OPTIMISATION = {"OPT_FAST": "-O1", "OPT_SLOW": "-O0", "OPT_GLOBAL": "-O1"}
"""OPT_FAST is for code that runs each cycle; measured in docs/adr/0005-co-simulation.md."""

BUILD_JOBS = 2


@dataclass(frozen=True)
class Model:
    """A built model: its executable, and the seconds that this call spent on building it."""

    executable: Path
    build_s: float


def executable_of(
    sources: Mapping[str, str],
    flags: list[str],
    compiler: Compiler,
    note: Callable[[str], None],
) -> tuple[Path, bool]:
    """The model made of ``sources``, and whether it was built just now."""

    def build(folder: Path) -> None:
        who = " by the slower compiler of the package ziglang" if compiler.is_fallback else ""
        kind = _hash([flags, compiler.version])
        seconds = max(round(expected_seconds(kind, sources), -1), 10)
        note(f"building{who}, once for this hardware: about {seconds:.0f} s")
        started = time.monotonic()
        if not verilate(folder, sources, flags, compiler, OPTIMISATION):
            note_build(kind, sources, time.monotonic() - started)

    folder, is_new = cached(_MODELS, _key(sources, flags, compiler), build)
    return folder / EXECUTABLE, is_new


def is_built(sources: Mapping[str, str], flags: list[str], compiler: Compiler) -> bool:
    """Whether the cache has the model made of ``sources``."""
    return kept(_MODELS, _key(sources, flags, compiler)) is not None


def verilate(
    folder: Path,
    sources: Mapping[str, str],
    flags: list[str],
    compiler: Compiler,
    optimisation: Mapping[str, str],
) -> bool:
    """Leave the executable in ``folder``, and what it was made from.

    Returns whether Verilator's runtime library had to be compiled, too.
    """
    for name, text in sources.items():
        (folder / name).write_text(text)
    # Verilator reads what is said about modules before the modules.
    suffixes = (".vlt", ".sv", ".v", ".cpp")
    inputs = [name for suffix in suffixes for name in sources if name.endswith(suffix)]
    command = [
        str(verilator_root() / "bin" / "verilator_bin"),
        *flags,
        *("-Mdir", "objects", "-o", EXECUTABLE, "-CFLAGS", COMPILER_FLAGS),
        *inputs,
    ]
    _run(command, folder, "Verilator")
    variables = {
        "VERILATOR_ROOT": str(verilator_root()),
        "CXX": shlex.join(compiler.command),
        "LINK": shlex.join(compiler.command),
        "AR": shlex.join(compiler.archiver),
        "PYTHON3": shlex.quote(sys.executable),
        # Verilator's makefile refuses a folder with a space in its path, but names nothing by it.
        "CURDIR": "objects",
        **optimisation,
        **compiler.variables,
    }
    objects = folder / "objects"

    def make(words: Sequence[str]) -> str:
        command = [require_make(), "--no-print-directory", "-C", "objects", "-f", "Vtop.mk"]
        settings = (f"{name}={value}" for name, value in variables.items())
        return _run([*command, f"-j{BUILD_JOBS}", *settings, *words], folder, "the C++ compiler")

    headers = {name: text for name, text in sources.items() if name.endswith(".h")}
    runtime, is_new = runtime_objects(objects, compiler, headers, make)
    make(["VM_GLOBAL_FAST=", "VM_GLOBAL_SLOW=", f"LIBS={runtime}"])
    (objects / EXECUTABLE).rename(folder / EXECUTABLE)
    for path in objects.iterdir():
        path.unlink()
    objects.rmdir()
    return is_new


def _key(sources: Mapping[str, str], flags: list[str], compiler: Compiler) -> str:
    """Hash of everything that the model depends on."""
    return _hash([sources, flags, COMPILER_FLAGS, OPTIMISATION, compiler.version, versions()])


def _hash(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _run(command: list[str], folder: Path, who: str) -> str:
    """What ``command`` prints. Raises TilewrightError with its errors where it fails."""
    environment = os.environ | {"VERILATOR_ROOT": str(verilator_root())}
    # Flags for another make must not reach this one.
    environment.pop("MAKEFLAGS", None)
    status, output = run(command, folder, environment)
    if status:
        lines = output.splitlines()
        errors = [line for line in lines if "rror" in line] or lines
        raise TilewrightError(
            f"{who} could not build the simulation model:\n" + "\n".join(errors[-20:])
        )
    return output
