"""The names by which people call the columns of a sweep: as stored, or as titled."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from tilewright.sim.report.sweep_data import Column

_UNIT = re.compile(r"_(s|j|ge|bytes)$")


def plain(text: str) -> str:
    """What is compared: "MAC utilisation", "mac_utilisation" and "Mac-Utilisation" are one."""
    return re.sub(r"\([^)]*\)|[\s_-]", "", text).lower()


def names_of(columns: Iterable[Column]) -> dict[str, str]:
    """`plain` name -> column: of each its name, its title, and a result's name without the unit.

    A short form that two columns share is none's.
    """
    columns = tuple(columns)
    names = {plain(column.name): column.name for column in columns}
    titles = {plain(column.label): column.name for column in columns}
    results = [column.name for column in columns if column.role == "result"]
    stems = [(plain(_UNIT.sub("", name)), name) for name in results]
    shared = Counter(stem for stem, _ in stems)
    short = {stem: name for stem, name in stems if shared[stem] == 1}
    return {**short, "utilisation": "mac_utilisation", **titles, **names}


def nearest(text: str, names: Mapping[str, str]) -> list[str]:
    """Columns whose names are like ``text``, the likeliest first; none where none is."""
    found = difflib.get_close_matches(plain(text), names, n=6, cutoff=0.5)
    return list(dict.fromkeys(names[name] for name in found))[:3]
