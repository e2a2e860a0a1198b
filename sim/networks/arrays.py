"""Arrays of numbers in a file of NumPy's, whatever the file holds."""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import shown
from tilewright.hw.spec.user_files import read_file

LARGEST = 1 << 28
"""Bytes of a file, and of all its arrays: many thousand inputs of any network that fits a chip."""

_WHAT = "a .npy or .npz file, as numpy.save writes it"
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    """The arrays of a .npz file by name; that of a .npy file is called ``x``.

    No size that a file only claims is believed, and no pickle is opened. Raises RequestError that
    names the file and, in a .npz file, the array.
    """
    if path.suffix.lower() not in (".npy", ".npz"):
        raise RequestError(f"{shown(path)}: an input is {_WHAT}")
    content = read_file(path, LARGEST, _WHAT)
    if path.suffix.lower() == ".npy" and not zipfile.is_zipfile(io.BytesIO(content)):
        return {"x": _array(content, shown(path))}
    return _members(content, shown(path))


def _members(content: bytes, where: str) -> Mapping[str, NDArray[Any]]:
    with _damaged(where):
        archive = zipfile.ZipFile(io.BytesIO(content))
        total = sum(member.file_size for member in archive.infolist())
    if total > LARGEST:
        raise RequestError(f"{where}: its arrays inflate to {total} bytes of at most {LARGEST}")
    arrays: dict[str, NDArray[Any]] = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        place = f"{where}: array '{shown(name)}'"
        # The size was believed above: no more than that is inflated.
        with _damaged(place), archive.open(member) as file:
            data = file.read(member.file_size)
        arrays[name] = _array(data, place)
    return arrays


def _array(content: bytes, where: str) -> NDArray[Any]:
    with _damaged(where), warnings.catch_warnings():
        # NumPy wonders about files as Python 2 wrote them.
        warnings.simplefilter("ignore")
        stream = io.BytesIO(content)
        version = np.lib.format.read_magic(stream)
        if version not in _HEADERS:
            raise ValueError(f"version {version} of the format is not for arrays of numbers")
        shape, _, dtype = _HEADERS[version](stream)
        if dtype.kind not in "biuf":
            raise ValueError(f"it holds {dtype}, not numbers")
        found, told = len(content) - stream.tell(), math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or found != told:
            raise ValueError(f"{found} bytes follow a header that tells of {told}")
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)


@contextmanager
def _damaged(where: str) -> Generator[None]:
    """What the parsers make of a damaged file: errors of many kinds, none of them listed."""
    try:
        yield
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise RequestError(f"{where}: is not a NumPy file of numbers: {reason}") from None
