"""Network files into graphs."""

from pathlib import Path

from hw.spec.errors import RequestError
from hw.spec.quoted import shown
from hw.spec.user_files import read_file
from mapper.graph.graph import Graph
from mapper.importers.onnx.importer import import_onnx
from mapper.importers.tflite import flatbuffer
from mapper.importers.tflite.importer import import_tflite

_LARGEST_FILE = 1 << 28
"""Bytes: more than a network for these accelerators can have."""


def import_model(path: Path) -> Graph:
    """Read a .tflite or .onnx file; its content tells which it is.

    Raises RequestError, naming the file and where known the layer, if the file is missing, damaged,
    not quantised to int8 or has an operator that the project does not support.
    """
    return import_content(path, read_network(path))


def read_network(path: Path) -> bytes:
    """All of a file that can be a network. Raises RequestError where it cannot be read."""
    return read_file(path, _LARGEST_FILE, "a .tflite or .onnx file")


def import_content(path: Path, content: bytes) -> Graph:
    """What `import_model` makes of a file that holds ``content``."""
    if not content:
        raise RequestError(
            f"{shown(path)}: the file is empty: export or download the network again"
        )
    looks_tflite = content[4:8] == flatbuffer.IDENTIFIER
    if looks_tflite or path.suffix.lower() == ".tflite":
        return import_tflite(path, content)
    return import_onnx(path, content)
