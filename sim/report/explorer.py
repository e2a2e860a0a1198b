"""A sweep as one self-contained page to explore: front, parallel coordinates, table, layers.

The page holds Plotly's JavaScript, the points as plain JSON and the layers compressed, and loads
nothing from elsewhere. Its scripts are in `web/`.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from tilewright.sim.files import write_atomically
from tilewright.sim.report.colours import BUSY_COLOUR, OTHER_COLOUR, PALETTE, STALL_COLOURS
from tilewright.sim.report.column_names import names_of
from tilewright.sim.report.quantities import UNITS
from tilewright.sim.report.sweep_data import SweepData, opened, read_sweep
from tilewright.sim.version import origin_line

SCRIPTS = (*("data", "filter", "view", "scatter", "parallel", "layers", "table", "answer", "main"),)
"""Files of `web/`, in the order in which they are joined."""

ENERGY_DIGITS = 4


def write_explorer(path: Path, database: Path) -> None:
    """Write the page of a sweep's database; the file appears whole or not at all.

    Raises RequestError where the database is not that of a sweep or the page cannot be written.
    """
    data = read_sweep(database)
    write_atomically(path, _page(data, _layers(database)))


def _page(data: SweepData, layers: dict[str, Any]) -> str:
    from plotly.offline import get_plotlyjs

    title = f"Sweep of {', '.join(data.models)}" if data.models else "Sweep"
    style = "".join(_asset(name) for name in ("page.css", "web/explorer.css"))
    script = "\n".join(_asset(f"web/{name}.js") for name in SCRIPTS)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>"
        f"{_asset('web/explorer.html')}<footer>{escape(origin_line())}</footer>"
        f'<script type="application/json" id="points">{_json(_points(data, title))}</script>'
        f'<script type="text/plain" id="layers-data">{_deflated(layers)}</script>'
        f'<script>{get_plotlyjs()}</script><script>"use strict";(() => {{\n{script}\n}})();'
        "</script></body></html>\n"
    )


def _asset(name: str) -> str:
    return files("tilewright.sim.report").joinpath(name).read_text(encoding="utf-8")


def _points(data: SweepData, title: str) -> dict[str, Any]:
    """The points by column; a column of one value has only that."""
    values: dict[str, Any] = {}
    for column in data.columns:
        found = [row[column.name] for row in data.points]
        same = len(found) > 1 and all(value == found[0] for value in found)
        values[column.name] = {"all": found[0]} if same else found
    return {
        "title": title,
        "count": len(data.points),
        "command": data.meta.get("command", ""),
        "notes": data.notes,
        "objectives": data.objectives,
        "fields": data.meta["fields"],
        "models": data.models,
        "answer": data.meta["answer"],
        "names": names_of(data.columns),
        "units": UNITS,
        "columns": [asdict(column) for column in data.columns],
        "values": values,
        "palette": PALETTE,
        "stalls": STALL_COLOURS,
        "busy": BUSY_COLOUR,
        "other": OTHER_COLOUR,
    }


def _layers(database: Path) -> dict[str, Any]:
    """Layers by point; what points share is told once.

    ``lists`` are the distinct sequences of (name, op, engine, MACs). ``points`` maps an id to its
    list's number, cycles by layer, nanojoules by layer, and cycles by layer for each cause that
    occurs, by the cause's number in ``causes``.
    """
    lists: dict[tuple[Any, ...], int] = {}
    causes: dict[str, int] = {}
    points: dict[int, list[Any]] = {}
    pending: list[Any] = []

    def finish() -> None:
        if pending:
            points[pending[0]["point"]] = _compact(pending, lists, causes)
            pending.clear()

    with opened(database) as connection:
        for row in connection.execute(
            "SELECT layers.* FROM layers JOIN points ON points.id = layers.point "
            "WHERE points.requested ORDER BY point, position"
        ):
            if pending and pending[0]["point"] != row["point"]:
                finish()
            pending.append(row)
    finish()
    return {"lists": list(lists), "causes": list(causes), "points": points}


def _compact(
    rows: Sequence[Any], lists: dict[tuple[Any, ...], int], causes: dict[str, int]
) -> list[Any]:
    names = tuple((row["name"], row["op"], row["engine"], row["macs"]) for row in rows)
    stalls: dict[int, list[int]] = {}
    for position, row in enumerate(rows):
        for cause, cycles in json.loads(row["stalls"] or "{}").items():
            if cycles:
                number = causes.setdefault(cause, len(causes))
                stalls.setdefault(number, [0] * len(rows))[position] = cycles
    return [
        lists.setdefault(names, len(lists)),
        [row["cycles"] for row in rows],
        [_nanojoules(row["energy_j"]) for row in rows],
        stalls,
    ]


def _nanojoules(joules: float | None) -> float | None:
    return None if joules is None else float(f"{joules * 1e9:.{ENERGY_DIGITS}g}")


def _json(value: Any) -> str:
    """JSON that may stand in a script element, whatever the texts hold."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return text.replace("<", "\\u003c")


def _deflated(value: Any) -> str:
    """Base64 of the zlib-compressed JSON."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), level=9)).decode()
