"""A sweep's database as a file: what a disk, another program or another version may do to it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import shown
from tilewright.sim.sweep.schema import COLUMNS, LAYER_COLUMNS, SCHEMA

_IN_USE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_FOREIGN = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_MISMATCH)
_PRIMARY = 0xFF
"""The bits of an error's code that name its kind."""


@contextmanager
def database_errors(path: Path) -> Generator[None]:
    """What SQLite has against the database becomes a RequestError that says whose fault it is.

    A full disk and another program at work leave the points as they are: only what is damaged is
    called so.
    """
    try:
        yield
    # Python cannot even read what SQLite says of some damage.
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # What is no text in UTF-8 has no code.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & _PRIMARY
        if code in _DAMAGED:
            raise RequestError(damaged(path, str(error))) from None
        if code in _IN_USE:
            what, remedy = "is in use by another program", "close that, then repeat the command"
        elif code in _FOREIGN:
            what, remedy = "is no database of a sweep", "choose another --out"
        else:
            what = "cannot be written"
            remedy = "what it holds is safe: when it can be again, go on with --resume"
        raise RequestError(f"{shown(path)}: {what}: {error}; {remedy}") from None


def damaged(path: Path, why: str) -> str:
    """The message about a database that is not as it was written."""
    return (
        f"{shown(path)}: is damaged: {why}; choose another --out "
        f"({shown(path.with_suffix('.csv'))} may have its points)"
    )


def require_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse what is no database of this version's sweeps, or not as it was written.

    All of it is looked at, so that nothing is published that a disk garbled. Raises RequestError,
    and SQLite's errors.
    """
    rows = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    try:
        schema = rows and json.loads(rows[0])
    except (ValueError, TypeError) as error:
        raise RequestError(damaged(path, f"its table meta: {error}")) from None
    columns = connection.execute("SELECT name FROM pragma_table_info('points')")
    if schema != SCHEMA or [row[0] for row in columns] != list(COLUMNS):
        raise RequestError(
            f"{shown(path)}: was written by another version of Tilewright; choose another --out"
        )
    for (fault,) in connection.execute("PRAGMA quick_check(1)"):
        if fault != "ok":
            raise RequestError(damaged(path, fault))
    for table, kinds in (("points", COLUMNS), ("layers", LAYER_COLUMNS)):
        if (column := _garbled(connection, table, kinds)) is not None:
            raise RequestError(damaged(path, f"column {column} of {table} has other values"))


def _garbled(connection: sqlite3.Connection, table: str, kinds: Mapping[str, str]) -> str | None:
    """A column that holds what nobody stores there."""
    for column, kind in kinds.items():
        allowed = "'text'" if kind.startswith("TEXT") else "'integer', 'real'"
        found = connection.execute(
            f"SELECT 1 FROM {table} WHERE typeof({column}) NOT IN ({allowed}, 'null') LIMIT 1"
        )
        if found.fetchone():
            return column
    return None
