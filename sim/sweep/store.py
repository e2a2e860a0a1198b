"""``results.sqlite``: what is known of a sweep, at every moment of it. Only one process writes."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.hw.spec.config import FIELDS
from tilewright.sim.files import write_atomically
from tilewright.sim.sweep.database import database_errors, require_whole
from tilewright.sim.sweep.front import pareto_front
from tilewright.sim.sweep.limits import Limit
from tilewright.sim.sweep.point import Figure, LayerRow
from tilewright.sim.sweep.schema import COLUMNS, LAYER_COLUMNS, PLACED, SCHEMA, statements

COMMIT_S = 0.5
"""Results go to the disk together where they come faster than this."""

WAIT_S = 30
"""For another program to let go of the database."""

LARGEST = (1 << 63) - 1
"""Of the database's integers."""


class Store:
    """The database, open. Close it, or use it as a context manager."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.row_factory = sqlite3.Row
        self._committed = time.monotonic()

    @staticmethod
    def create(path: Path) -> Store:
        """A new one. Raises RequestError where it cannot be written."""
        with database_errors(path):
            store = Store(sqlite3.connect(path, timeout=WAIT_S))
            try:
                store._keep_one_file()
                # In one transaction: a database of ours has all tables, or none.
                store._connection.execute("BEGIN")
                for statement in statements():
                    store._connection.execute(statement)
                store.set_meta({"schema": SCHEMA})
                store.commit()
            except BaseException:
                store.close()
                raise
        return store

    @staticmethod
    def open(path: Path) -> Store:
        """One that is there and whole. Raises RequestError for a damaged or another version's."""
        with database_errors(path):
            store = Store(sqlite3.connect(path, timeout=WAIT_S))
            try:
                require_whole(store._connection, path)
                # Not before: it may be another program's database, which stays as it is.
                store._keep_one_file()
            except BaseException:
                store.close()
                raise
        return store

    def _keep_one_file(self) -> None:
        """By a rollback journal, not WAL: results.sqlite is the database, on any file system."""
        self._connection.execute("PRAGMA journal_mode = DELETE")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give it up; what was not committed is lost."""
        self._connection.close()

    def meta(self) -> dict[str, Any]:
        """The table ``meta``."""
        rows = self._connection.execute("SELECT key, value FROM meta")
        return {row["key"]: json.loads(row["value"]) for row in rows}

    def set_meta(self, values: Mapping[str, Any]) -> None:
        """Add to the table ``meta``, replacing what has the same key."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)",
            [(key, json.dumps(value)) for key, value in values.items()],
        )

    def keys(self) -> set[str]:
        """Keys of all points."""
        return {row["key"] for row in self._connection.execute("SELECT key FROM points")}

    def add(
        self, point: Mapping[str, Any], layers: Sequence[LayerRow] = (), *, at_once: bool = False
    ) -> None:
        """A point by column, and its layers. Its key must be new.

        It reaches the disk with one of the next, or ``at_once``.
        """
        values = [_storable(value) for value in point.values()]
        row = self._connection.execute(_insert("points", point), values)
        self._connection.executemany(
            f"INSERT INTO layers VALUES ({', '.join('?' * len(LAYER_COLUMNS))})",
            [(row.lastrowid, *layer) for layer in layers],
        )
        if at_once or time.monotonic() - self._committed >= COMMIT_S:
            self.commit()

    def evaluated(self) -> int:
        """Points that have figures, or that failed over it: those that took time."""
        found = "SELECT count(*) FROM points WHERE status IN ('ok', 'failed')"
        return self._connection.execute(found).fetchone()[0]

    def evaluated_designs(self, runs: int, scenario: Sequence[str] = ()) -> int:
        """Designs of which so many points took time, and none is refused.

        ``scenario``: fields that are not the design's.
        """
        own = [name for name in FIELDS if name not in scenario]
        found = (
            "SELECT count(*) FROM (SELECT sum(status IN ('ok', 'failed')) AS n FROM points "
            f"GROUP BY {', '.join(own)} HAVING n = ?)"
        )
        return self._connection.execute(found, (runs,)).fetchone()[0]

    def clear(self) -> None:
        """Forget every point."""
        self._connection.execute("DELETE FROM layers")
        self._connection.execute("DELETE FROM points")

    def request_none(self) -> None:
        """No point is requested any more, until `request` says so."""
        self._connection.execute(
            "UPDATE points SET requested = 0, on_front = 0, on_joint_front = 0, recommended = 0"
        )

    def request(self, keys: Iterable[str]) -> set[str]:
        """The present command asks for these points, stored or not.

        Those of them that failed are removed, to be tried again; returns their keys.
        """
        keys = list(keys)
        rows = self._connection.execute("SELECT key FROM points WHERE status = 'failed'")
        failed = {row["key"] for row in rows}.intersection(keys)
        each = [(key,) for key in failed]
        self._connection.executemany(
            "DELETE FROM layers WHERE point = (SELECT id FROM points WHERE key = ?)", each
        )
        self._connection.executemany("DELETE FROM points WHERE key = ?", each)
        self._connection.executemany(
            "UPDATE points SET requested = 1 WHERE key = ?", [(key,) for key in keys]
        )
        return failed

    def set_verified(
        self, key: str, cycles: Figure, mismatches: int | None, error: str | None
    ) -> None:
        """What RTL says about a point; without cycles and mismatches, why it says nothing."""
        self._connection.execute(
            "UPDATE points SET rtl_cycles = ?, rtl_mismatches = ?, rtl_error = ? WHERE key = ?",
            (cycles, mismatches, error, key),
        )
        self.commit()

    def set_synthesised(self, keys: Iterable[str], gates: float) -> None:
        """The area of these points' design by Yosys, in gate equivalents."""
        self._connection.executemany(
            "UPDATE points SET synthesised_ge = ? WHERE key = ?", [(gates, key) for key in keys]
        )
        self.commit()

    def set_placed(self, keys: Iterable[str], figures: Mapping[str, Figure | str]) -> None:
        """Columns ``fpga_*`` of these points' design."""
        assignments = ", ".join(f"{column} = ?" for column in figures)
        self._connection.executemany(
            f"UPDATE points SET {assignments} WHERE key = ?",
            [(*figures.values(), key) for key in keys],
        )
        self.commit()

    def forget_placed(self) -> None:
        """No point has columns ``fpga_*`` any more."""
        nothing = ", ".join(f"{column} = NULL" for column in (*PLACED, "fpga_error"))
        self._connection.execute(f"UPDATE points SET {nothing}")

    def commit(self) -> None:
        """Make everything up to here last."""
        self._connection.commit()
        self._committed = time.monotonic()

    def point(self, key: str) -> dict[str, Any] | None:
        """A point by its key."""
        row = self._connection.execute("SELECT * FROM points WHERE key = ?", (key,)).fetchone()
        return None if row is None else dict(row)

    def counts(self) -> dict[str, int]:
        """Requested points by status."""
        rows = self._connection.execute(
            "SELECT status, count(*) AS n FROM points WHERE requested GROUP BY status"
        )
        return {row["status"]: row["n"] for row in rows}

    def reasons(self, most: int) -> list[tuple[str, str, int]]:
        """Status, error and number of points of the commonest reasons against a requested one."""
        rows = self._connection.execute(
            "SELECT status, error, count(*) AS n FROM points WHERE requested AND status != 'ok' "
            "GROUP BY status, error ORDER BY n DESC, error LIMIT ?",
            (most,),
        )
        return [(row["status"], row["error"], row["n"]) for row in rows]

    def models(self) -> list[str]:
        """Networks that have requested points."""
        rows = self._connection.execute(
            "SELECT model FROM points WHERE requested GROUP BY model ORDER BY min(id)"
        )
        return [row["model"] for row in rows]

    def requested(self) -> list[dict[str, Any]]:
        """The requested points in their order."""
        rows = self._connection.execute("SELECT * FROM points WHERE requested ORDER BY id")
        return [dict(row) for row in rows]

    def mark_limits(self, limits: Sequence[Limit]) -> None:
        """Set ``within_limits`` anew."""
        kept = ["status = 'ok'", *(f"ifnull({one.column} {one.sign} ?, 0)" for one in limits)]
        self._connection.execute(
            f"UPDATE points SET within_limits = {' AND '.join(kept)}",
            [limit.value for limit in limits],
        )
        self.commit()

    def mark_front(self, objectives: Sequence[str], scenario: Sequence[str] = ()) -> None:
        """Set ``on_front`` anew: the points that no other one of their network beats.

        Of the requested ones within limits; where there are ``scenario`` fields, among those of
        equal ones.
        """
        known = " AND ".join(f"{name} IS NOT NULL" for name in objectives)
        self._connection.execute("UPDATE points SET on_front = 0 WHERE on_front")
        apart = ("model", *scenario)
        rows = self._connection.execute(
            f"SELECT id, {', '.join((*apart, *objectives))} FROM points "
            f"WHERE requested AND status = 'ok' AND within_limits AND {known}"
        ).fetchall()
        groups: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        for number, *figures in map(tuple, rows):
            group = groups.setdefault(tuple(figures[: len(apart)]), [])
            group.append((number, *figures[len(apart) :]))
        for group in groups.values():
            values = np.array([figures for _, *figures in group], dtype=np.float64)
            self._connection.executemany(
                "UPDATE points SET on_front = 1 WHERE id = ?",
                [(group[i][0],) for i in np.flatnonzero(pareto_front(values)).tolist()],
            )
        self.commit()

    def mark_joint(self, front: Iterable[int], recommended: Iterable[int]) -> None:
        """Set ``on_joint_front`` and ``recommended`` anew, of points by their ids."""
        self._connection.execute("UPDATE points SET on_joint_front = 0, recommended = 0")
        for column, ids in (("on_joint_front", front), ("recommended", recommended)):
            self._connection.executemany(
                f"UPDATE points SET {column} = 1 WHERE id = ?", [(number,) for number in ids]
            )

    def front(self, objectives: Sequence[str]) -> list[dict[str, Any]]:
        """The points on the fronts, by network, then by objective."""
        order = ", ".join(objectives)
        rows = self._connection.execute(
            f"SELECT * FROM points WHERE on_front ORDER BY model, {order}, id"
        )
        return [dict(row) for row in rows]

    def export_csv(self, path: Path) -> None:
        """Write every requested point. Raises RequestError where the file cannot be written."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = [name for name in COLUMNS if name != "requested"]
        writer.writerow(columns)
        writer.writerows(
            self._connection.execute(
                f"SELECT {', '.join(columns)} FROM points WHERE requested ORDER BY id"
            )
        )
        write_atomically(path, text.getvalue())


def _storable(value: Any) -> Any:
    """A refused point may have been asked for with a number that is too large for an integer."""
    return float(value) if isinstance(value, int) and abs(value) > LARGEST else value


def _insert(table: str, columns: Iterable[str]) -> str:
    names = list(columns)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
