"""Network files into graphs."""

from pathlib import Path

from hw.spec.errors import RequestError
from mapper.graph.graph import Graph
from mapper.importers.onnx.importer import import_onnx
from mapper.importers.tflite import flatbuffer
from mapper.importers.tflite.importer import import_tflite

_LARGEST_FILE = 1 << 28


def import_model(path: Path) -> Graph:
    """Read a .tflite or .onnx file; its content tells which it is.

    Raises RequestError, naming the file and where known the layer, if the file is missing, damaged,
    not quantised to int8 or has an operator that the project does not support.
    """
    content = read_file(path)
    return import_tflite(path, content) if is_tflite(path, content) else import_onnx(path, content)


def is_tflite(path: Path, content: bytes) -> bool:
    """Whether a file is to be read as TensorFlow Lite, not as ONNX."""
    return content[4:8] == flatbuffer.IDENTIFIER or path.suffix.lower() == ".tflite"


def read_file(path: Path) -> bytes:
    """All of a file that can be a network: a regular file of sensible size, not empty.

    Raises RequestError.
    """
    content = _read(path)
    if not content:
        raise RequestError(f"{path}: the file is empty: export or download the network again")
    return content


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise RequestError(f"{path}: not a regular file: give a .tflite or .onnx file")
        size = path.stat().st_size
        if size > _LARGEST_FILE:
            raise RequestError(
                f"{path}: {size} bytes are more than a network for these accelerators can have "
                f"({_LARGEST_FILE})"
            )
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RequestError(
            f"{path}: cannot be read ({reason}): give a .tflite or .onnx file"
        ) from error
