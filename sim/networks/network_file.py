"""The network that a user names: a file, or a built-in one where there is no such file."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from hw.spec.quoted import printable
from mapper.graph.graph import Graph
from mapper.importers import import_content, read_network
from mapper.importers.onnx.importer import import_onnx
from sim.networks.zoo import ZOO_NAMES, zoo_model
from sim.progress import Progress

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
    """Import the file; where there is none and its stem is a zoo name, the built-in network.

    Raises RequestError as `mapper.importers.import_model` does.
    """
    path = Path(model)
    if not os.path.lexists(path) and path.stem in ZOO_NAMES:
        progress.note(f"Built-in network {path.stem} (no file {model} here).", style="dim")
        content = zoo_model(path.stem)
        graph = import_onnx(Path(f"{path.stem}.onnx"), content)
        source, notes = f"built-in {path.stem}", (SYNTHETIC,)
    else:
        with progress.step(f"Importing {path.name}"):
            content = read_network(path)
            graph = import_content(path, content)
        source, notes = printable(model), ()
    return NetworkFile(
        name=printable(path.stem),
        path=source,
        sha256=hashlib.sha256(content).hexdigest(),
        graph=graph,
        notes=notes,
    )
