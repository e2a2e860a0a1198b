"""The network that a user names: a file, or a built-in one where there is no such file."""

from __future__ import annotations

import difflib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import printable, shown
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.importers import import_content, read_model_file
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.sim.networks.zoo import ZOO_NAMES, zoo_model
from tilewright.sim.progress import Progress

SYNTHETIC = (
    "built-in network with synthetic weights: cycles and energy are the topology's, outputs mean "
    "nothing."
)


@dataclass(frozen=True, kw_only=True)
class NetworkFile:
    """A network with where it comes from. `notes` go into the report."""

    name: str
    path: str
    sha256: str
    graph: Graph
    notes: tuple[str, ...] = ()


def open_network(model: str, progress: Progress) -> NetworkFile:
    """Import the file; where there is none and the name is a built-in network's, that one.

    Only a name alone, ``vww`` or ``vww.onnx``, can be a built-in network's: what names a folder or
    another format means a file. Raises RequestError as `mapper.importers.import_model` does, and
    where there is no such file, with what may be meant.
    """
    path = Path(model)
    if not os.path.lexists(path) and model in _BUILT_IN:
        progress.note(f"Built-in network {path.stem} (no file {model} here).", style="dim")
        content = zoo_model(path.stem)
        graph = import_onnx(Path(f"{path.stem}.onnx"), content)
        source, notes = f"built-in {path.stem}", (SYNTHETIC,)
    elif not os.path.lexists(path):
        raise RequestError(f"{shown(path)}: there is no such file{_meant(path)}")
    else:
        with progress.step(f"Importing {path.name}"):
            content = read_model_file(path)
            graph = import_content(path, content)
        source, notes = printable(model), ()
    return NetworkFile(
        name=printable(path.stem),
        path=source,
        sha256=hashlib.sha256(content).hexdigest(),
        graph=graph,
        notes=notes,
    )


_BUILT_IN = {*ZOO_NAMES, *(f"{name}.onnx" for name in ZOO_NAMES)}
"""What stands for a built-in network where there is no such file."""


def _meant(path: Path) -> str:
    """Files and built-in networks of similar names, as the end of a message."""
    if not path.parent.is_dir():
        found = f"; nor is there a folder {path.parent}"
    else:
        files = [f.name for f in path.parent.iterdir() if f.suffix.lower() in _SUFFIXES]
        near = difflib.get_close_matches(path.name, files, n=3)
        found = f"; did you mean {' or '.join(str(path.parent / n) for n in near)}?" if near else ""
    built_in = difflib.get_close_matches(path.stem.lower(), ZOO_NAMES, n=1, cutoff=0.5)
    if built_in:
        return f"{found}; did you mean the built-in network {built_in[0]} (--model {built_in[0]})?"
    return found or f"; built in are {', '.join(ZOO_NAMES)}"


_SUFFIXES = (".onnx", ".tflite")
