"""The tables of ``results.sqlite``."""

from __future__ import annotations

from tilewright.hw.spec.config import FIELDS, Config

SCHEMA = "tilewright.sweep/2"

TEXT_FIELDS = {name for name, value in Config().flat().items() if isinstance(value, str)}
"""Configuration fields that are words."""

COLUMNS: dict[str, str] = {
    "id": "INTEGER PRIMARY KEY",
    "key": "TEXT NOT NULL UNIQUE",
    "model": "TEXT NOT NULL",
    "backend": "TEXT NOT NULL",
    **{name: "TEXT" if name in TEXT_FIELDS else "INTEGER" for name in FIELDS},
    "cycles": "INTEGER",
    "latency_s": "REAL",
    "energy_j": "REAL",
    "mac_utilisation": "REAL",
    "peak_sram_bytes": "INTEGER",
    "area_ge": "REAL",
    "status": "TEXT NOT NULL",
    "error": "TEXT",
    "npu_cycles": "INTEGER",
    "cpu_cycles": "INTEGER",
    "read_bytes": "INTEGER",
    "write_bytes": "INTEGER",
    "logic_ge": "REAL",
    "memory_ge": "REAL",
    "speedup": "REAL",
    "synthesised_ge": "REAL",
    "fpga_lut": "INTEGER",
    "fpga_ff": "INTEGER",
    "fpga_dsp": "INTEGER",
    "fpga_ram": "INTEGER",
    "fpga_mhz": "REAL",
    "fpga_error": "TEXT",
    "sram_bytes": "INTEGER",
    "area_mm2": "REAL",
    "max_clock_hz": "INTEGER",
    "energy_within": "REAL",
    "requested": "INTEGER NOT NULL DEFAULT 1",
    "within_limits": "INTEGER NOT NULL DEFAULT 1",
    "on_front": "INTEGER NOT NULL DEFAULT 0",
    "on_joint_front": "INTEGER NOT NULL DEFAULT 0",
    "recommended": "INTEGER NOT NULL DEFAULT 0",
    "rtl_cycles": "INTEGER",
    "rtl_mismatches": "INTEGER",
    "rtl_error": "TEXT",
}
"""Of the table ``points``, a row a network and configuration.

``key`` hashes network, backend and configuration. ``requested``: whether the last command asked for
the point; others are kept for commands to come and shown nowhere. The accelerator's fields are NULL
where there is none, and so are derived ones of a refused configuration. ``speedup``: cycles of the
CPU alone (by the model) over ``cycles``. ``read_bytes``, ``write_bytes``, ``mac_utilisation``: the
accelerator's. ``sram_bytes``: all SRAM of the chip, which `sim.costs.area.chip_sram_bytes` lists;
``peak_sram_bytes``: what the network fills of the scratchpad. ``area_ge`` is estimated, and
``area_mm2`` the same by the technology; ``energy_within``: how sure ``energy_j`` is, a factor both
ways; ``max_clock_hz``: the highest clock by estimate in the technology, below ``clock_hz`` where
the design does not reach that. ``synthesised_ge``: counted by Yosys, from ``--synthesise-front``.
``fpga_*``: the front's designs placed and routed for a board, with the board's main memory, or why
they cannot be; from ``--fpga``. ``rtl_cycles`` and ``rtl_mismatches``, or ``rtl_error`` where RTL
failed: from ``--verify-front``.
``within_limits``: a point with results that keep every ``--limit``. ``on_front``: that of its
network in its scenario; ``on_joint_front``: its design is on the one of all networks in all
scenarios; ``recommended``: its design is the one to take.
"""

LAYER_COLUMNS: dict[str, str] = {
    "point": "INTEGER NOT NULL",
    "position": "INTEGER NOT NULL",
    "name": "TEXT NOT NULL",
    "op": "TEXT NOT NULL",
    "engine": "TEXT NOT NULL",
    "cycles": "INTEGER",
    "macs": "INTEGER",
    "energy_j": "REAL",
    "stalls": "TEXT NOT NULL",
}
"""Of the table ``layers``; ``stalls`` is a JSON object of cycles by cause."""

OBJECTIVES = (
    "cycles",
    "latency_s",
    "energy_j",
    "area_ge",
    "area_mm2",
    "logic_ge",
    "memory_ge",
    "sram_bytes",
    "peak_sram_bytes",
    "npu_cycles",
    "cpu_cycles",
    "read_bytes",
    "write_bytes",
)
"""Columns that can be minimised."""

LIMITED = (*OBJECTIVES, "mac_utilisation", "speedup")
"""Columns that every evaluated point has, so that limits can be set to them."""

OF_THE_CHIP = (
    "area_ge",
    "area_mm2",
    "logic_ge",
    "memory_ge",
    "sram_bytes",
    "max_clock_hz",
)
"""Columns that say how large the hardware is, whatever network runs on it."""

PLACED = ("fpga_lut", "fpga_ff", "fpga_dsp", "fpga_ram", "fpga_mhz")
"""Figures of a chip on an FPGA."""

DEFAULT_OBJECTIVES = ("latency_s", "energy_j", "area_ge")


def statements() -> tuple[str, ...]:
    """What makes the tables."""

    def table(name: str, columns: dict[str, str], more: str = "") -> str:
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        return f"CREATE TABLE {name} ({listed}{more})"

    return (
        table("points", COLUMNS),
        table("layers", LAYER_COLUMNS, ", PRIMARY KEY (point, position)") + " WITHOUT ROWID",
        table("meta", {"key": "TEXT PRIMARY KEY", "value": "TEXT NOT NULL"}),
    )
