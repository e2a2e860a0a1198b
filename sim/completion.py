"""What a shell proposes behind `tilewright`: verbs and options come from the parsers, values here.

argcomplete runs the command with ``_ARGCOMPLETE`` set each time that somebody presses the tab key,
so nothing is loaded here before it is asked for.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

ASKED = "_ARGCOMPLETE"
"""In the environment where a shell asks."""


def asked() -> bool:
    """Whether this process is a shell's question."""
    return ASKED in os.environ


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell's question (`asked`) and end the process."""
    import argcomplete
    from argcomplete.completers import BaseCompleter

    class Values(BaseCompleter):
        """Proposes values of options that have no choices."""

        def __call__(self, *, prefix: str, action: argparse.Action, **_: Any) -> Iterable[str]:
            return _PROPOSED.get(action.dest, _files)(prefix)

    argcomplete.autocomplete(parser, default_completer=Values())


def _files(prefix: str, endings: Collection[str] = ()) -> Iterable[str]:
    from argcomplete.completers import FilesCompleter

    return FilesCompleter(endings)(prefix)


def _networks(prefix: str) -> Iterable[str]:
    return [*_zoo(prefix), *_files(prefix, ("onnx", "tflite"))]


def _zoo(_: str) -> Iterable[str]:
    from tilewright.sim.networks.zoo.topologies import TOPOLOGIES

    return TOPOLOGIES


def _presets(_: str) -> Iterable[str]:
    from tilewright.hw.spec.settings import PRESETS

    return PRESETS


def _fields(prefix: str) -> Iterable[str]:
    """Names with an equals sign; behind one, the field's default and its values in presets."""
    from tilewright.hw.spec.config import Config
    from tilewright.hw.spec.settings import PRESETS
    from tilewright.hw.spec.soc_config import CPU_BUILDS, MAIN_MEMORY_KINDS, WEIGHT_MEMORY_KINDS
    from tilewright.sim.technology.read import technologies

    defaults = Config().flat()
    name, equals, _ = prefix.partition("=")
    if not equals or name not in defaults:
        return [f"{field}=" for field in defaults]
    words = {
        "cpu": tuple(CPU_BUILDS),
        "memory_kind": MAIN_MEMORY_KINDS,
        "weight_memory_kind": WEIGHT_MEMORY_KINDS,
        "technology": technologies(),
    }
    values: list[Any] = [defaults[name], *(v[name] for v in PRESETS.values() if name in v)]
    if isinstance(defaults[name], bool):
        values = ["true", "false"]
    elif name in words:
        values = list(words[name])
    return [f"{name}={value}" for value in dict.fromkeys(values)]


def _technologies(prefix: str) -> Iterable[str]:
    from tilewright.sim.technology.read import technologies

    return [*technologies(), *_files(prefix, ("yaml",))]


def _boards(_: str) -> Iterable[str]:
    from tilewright.hw.fpga.boards import BOARDS

    return BOARDS


def _boards_and_families(_: str) -> Iterable[str]:
    from tilewright.hw.fpga.boards import BOARDS, LARGEST

    return [*BOARDS, *LARGEST]


def _objectives(_: str) -> Iterable[str]:
    from tilewright.sim.sweep.schema import OBJECTIVES

    return OBJECTIVES


def _ports(_: str) -> Iterable[str]:
    return [str(path) for kind in ("ttyUSB*", "ttyACM*") for path in Path("/dev").glob(kind)]


def _ending(*endings: str) -> Callable[[str], Iterable[str]]:
    return lambda prefix: _files(prefix, endings)


_PROPOSED: dict[str, Callable[[str], Iterable[str]]] = {
    "model": _networks,
    "models": _networks,
    "name": _zoo,
    "preset": _presets,
    "sets": _fields,
    "technology": _technologies,
    "grids": _fields,
    "scenarios": _fields,
    "board": _boards,
    "fpga": _boards_and_families,
    "objectives": _objectives,
    "port": _ports,
    "config": _ending("toml"),
    "input": _ending("npy", "npz"),
    "labels": _ending("txt"),
    "points": _ending("csv", "json"),
    "a": _ending("json"),
    "b": _ending("json"),
}
"""By the name under which an option's value is kept; files for all others."""
