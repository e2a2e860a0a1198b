"""An explicit list of configurations, from a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from tilewright.hw.spec.config import typed_values
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import shown
from tilewright.hw.spec.user_files import read_text
from tilewright.sim.sweep.candidate import Value

_LARGEST = 1 << 26
"""Bytes of a list of points."""


def read_points(path: Path) -> list[dict[str, Value]]:
    """Overrides of the base configuration, one mapping a point.

    A ``.csv`` file has a header of field names (an empty cell leaves the field to the base), a
    ``.json`` file is a list of objects. Raises RequestError that names the file and the entry.
    """
    readers = {".csv": _from_csv, ".json": _from_json}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise RequestError(f"{shown(path)}: --points takes a .csv or a .json file")
    text = read_text(path, _LARGEST, "a .csv or a .json file")
    try:
        points = reader(path, text)
    except csv.Error as error:
        raise RequestError(f"{shown(path)}: is no CSV file: {error}") from None
    if not points:
        raise RequestError(f"{shown(path)}: holds no points")
    return points


def _from_csv(path: Path, text: str) -> list[dict[str, Value]]:
    rows = csv.reader(text.splitlines(), skipinitialspace=True, strict=True)
    header = [name.strip() for name in next(rows, [])]
    if doubled := [name for name in header if header.count(name) > 1]:
        raise RequestError(f"{shown(path)}: the column {doubled[0]} is there twice")
    points: list[dict[str, Value]] = []
    for row in rows:
        where = f"{path}, line {rows.line_num}"
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) != len(header):
            raise RequestError(f"{where}: {len(cells)} values for {len(header)} columns")
        given = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
        points.append(typed_values(given, where))
    return points


def _from_json(path: Path, text: str) -> list[dict[str, Value]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{shown(path)}: is no JSON file: {error}") from None
    if not isinstance(document, list):
        raise RequestError(f"{shown(path)}: must be a list of objects, one a point")
    points: list[dict[str, Value]] = []
    for number, entry in enumerate(cast("list[Any]", document), 1):
        where = f"{path}, entry {number}"
        if not isinstance(entry, Mapping):
            raise RequestError(f"{where}: must be an object of fields and values")
        points.append(typed_values(cast("Mapping[str, Any]", entry), where))
    return points
