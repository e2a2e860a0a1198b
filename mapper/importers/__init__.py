"""Network files into graphs."""

from pathlib import Path

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import shown
from tilewright.hw.spec.user_files import read_file
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.importers.tflite import flatbuffer
from tilewright.mapper.importers.tflite.importer import import_tflite

_LARGEST_FILE = 1 << 28
"""Bytes: more than a network for these accelerators can have."""


def import_model(path: Path) -> Graph:
    """Read a .tflite or .onnx file; its content tells which it is.

    Raises RequestError, naming the file and where known the layer, if the file is missing, damaged,
    not quantised to int8 or has an operator that the project does not support.
    """
    return import_content(path, read_model_file(path))


def is_tflite(path: Path, content: bytes) -> bool:
    """Whether a file is to be read as TensorFlow Lite, not as ONNX."""
    return content[4:8] == flatbuffer.IDENTIFIER or path.suffix.lower() == ".tflite"


def read_model_file(path: Path) -> bytes:
    """All of a file that can be a network: a regular file of sensible size, not empty.

    Raises RequestError.
    """
    content = read_file(path, _LARGEST_FILE, "a .tflite or .onnx file")
    if not content:
        raise RequestError(
            f"{shown(path)}: the file is empty: export or download the network again"
        )
    return content


def import_content(path: Path, content: bytes) -> Graph:
    """What `import_model` makes of a file that holds ``content``."""
    return import_tflite(path, content) if is_tflite(path, content) else import_onnx(path, content)
