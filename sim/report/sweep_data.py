"""What pictures of a sweep read from its database (schema tilewright.sweep/2)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tilewright.hw.spec.config import FIELDS
from tilewright.hw.spec.errors import RequestError

SCHEMA = "tilewright.sweep/2"
INTERNAL = ("key", "requested")
"""Columns of `points` that tell a reader nothing."""

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of `points`.

    Attributes:
        label: for axes and headings.
        unit: "s", "J", "B", "GE", "%" (values are shares of 1), or "" for a plain number or a word.
        role: a field of the configuration, a result, or what identifies the row.
        better: which values are better; None where neither.
    """

    name: str
    label: str
    unit: str = ""
    role: Literal["config", "result", "row"] = "result"
    better: Literal["lower", "higher"] | None = None


def _result(
    name: str, label: str, unit: str, better: Literal["lower", "higher"] | None = "lower"
) -> Column:
    return Column(name=name, label=label, unit=unit, better=better)


RESULTS = (
    _result("cycles", "cycles", ""),
    _result("latency_s", "latency", "s"),
    _result("energy_j", "energy", "J"),
    _result("area_ge", "area", "GE"),
    _result("area_mm2", "area in mm2", "mm2"),
    _result("mac_utilisation", "MAC utilisation", "%", "higher"),
    _result("speedup", "speed-up", "", "higher"),
    _result("sram_bytes", "SRAM on the chip", "B"),
    _result("peak_sram_bytes", "peak scratchpad", "B"),
    _result("read_bytes", "main memory read", "B"),
    _result("write_bytes", "main memory written", "B"),
    _result("npu_cycles", "NPU cycles", ""),
    _result("cpu_cycles", "CPU cycles", ""),
    _result("energy_within", "energy within", "", None),
    _result("logic_ge", "logic area", "GE"),
    _result("memory_ge", "memory area", "GE"),
    _result("synthesised_ge", "area by Yosys", "GE"),
    _result("fpga_lut", "LUT on the FPGA", ""),
    _result("fpga_ff", "flip-flops on the FPGA", ""),
    _result("fpga_dsp", "DSP on the FPGA", ""),
    _result("fpga_ram", "block RAM on the FPGA", ""),
    _result("max_clock_hz", "highest clock (Hz, estimated)", "", "higher"),
    _result("fpga_mhz", "fastest clock on the FPGA (MHz)", "", "higher"),
    _result("rtl_cycles", "cycles in RTL", ""),
    _result("rtl_mismatches", "wrong outputs in RTL", "", None),
)
"""The results in the order of reports."""

ROW = (
    *("id", "model", "backend", "status", "on_front", "on_joint_front", "recommended"),
    *("within_limits", "error", "fpga_error", "rtl_error"),
)
"""What identifies a row, in the order of reports."""


def column_of(name: str) -> Column:
    """The description of a column by its name; an unknown one is a plain result."""
    if name in ROW:
        return Column(name=name, label=name.replace("_", " "), role="row")
    if name in FIELDS:
        unit = "B" if name.endswith("_bytes") else "Hz" if name.endswith("_hz") else ""
        return Column(name=name, label=name, unit=unit, role="config")
    known = {column.name: column for column in RESULTS}
    return known.get(name) or Column(name=name, label=name.replace("_", " "))


@dataclass(frozen=True, kw_only=True)
class SweepData:
    """The rows of `points` as mappings from the columns' names, and `meta`."""

    columns: tuple[Column, ...]
    points: tuple[Row, ...]
    meta: Mapping[str, Any]

    @property
    def objectives(self) -> tuple[str, ...]:
        """Columns that the front minimises."""
        return tuple(self.meta["objectives"])

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the networks, in the order in which the user named them."""
        found = dict.fromkeys(row["model"] for row in self.points)
        named = [name for name in self.meta["models"] if name in found]
        return tuple(dict.fromkeys((*named, *found)))

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that a reader of the figures must know, each once, after whom they are of."""
        networks: Mapping[str, Any] = self.meta.get("networks", {})
        names: dict[str, list[str]] = {}
        for name in self.models:
            for note in networks.get(name, {}).get("notes", ()):
                names.setdefault(note, []).append(name)
        return tuple(f"{', '.join(of)}: {note}" for note, of in names.items())


@contextmanager
def opened(database: Path) -> Generator[sqlite3.Connection]:
    """A connection that reads only. Raises RequestError where there is no such database."""
    if not database.is_file():
        raise RequestError(f"{database}: there is no such file; name the results.sqlite of a sweep")
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        try:
            yield connection
        except sqlite3.DatabaseError as error:
            raise RequestError(f"{database}: is not the database of a sweep: {error}") from None


def read_sweep(database: Path) -> SweepData:
    """What the last command asked for, and what is known of the sweep.

    Raises RequestError for another kind of file.
    """
    with opened(database) as connection:
        meta = {
            row["key"]: json.loads(row["value"]) for row in connection.execute("SELECT * FROM meta")
        }
        if meta.get("schema") != SCHEMA:
            raise RequestError(
                f"{database}: has schema {meta.get('schema')!r}, but pictures read {SCHEMA!r}; "
                "make it again with this version's sweep"
            )
        cursor = connection.execute("SELECT * FROM points WHERE requested ORDER BY id")
        names = [entry[0] for entry in cursor.description if entry[0] not in INTERNAL]
        points = tuple({name: row[name] for name in names} for row in cursor)
    order = [*ROW, *FIELDS, *(column.name for column in RESULTS)]
    known = [name for name in order if name in names]
    others = [name for name in names if name not in order]
    return SweepData(
        columns=tuple(column_of(name) for name in (*known, *others)), points=points, meta=meta
    )
