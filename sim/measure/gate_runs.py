"""Gate-level runs as `sim power` writes them, and what is kept of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tilewright.hw.spec.config import FIELDS, Config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.costs.energy import LOGIC
from tilewright.sim.measure.energy_fit import COMPONENT_OF, GateRun, LayerEnergy
from tilewright.sim.results.rows import weight_writes

SCHEMA = "tilewright.power/1"
LAYERS = Path(__file__).with_name("energy_layers.json")
GATES, CLOCK = ("switching", "internal", "clock", "clock_tree"), ("clock", "clock_tree")
_PJ = 1e-12
_LIVE = "live_products"
_BANK_READS, _BANKS = "scratchpad_read_bytes", "npu.memory.scratchpad.bank_"
_WRITES, _READS = "weight_buffer_write_bytes", "main_memory_read_bytes"
_COUNTED = ("scratchpad", "weight_buffer", "requantiser")
"""Components whose accesses of SRAM are events."""

LEAST_CYCLES = 50
"""Of a row that tells what a block takes at rest."""


def read_run(path: Path, nand2_um2: float) -> GateRun:
    """A document of ``power``; ``nand2_um2``: area of its library's two-input NAND.

    Raises RequestError for another kind of document, or one without SRAM.
    """
    try:
        found = json.loads(path.read_text())
        if found["schema"] != SCHEMA:
            raise RequestError(f"{path}: is no document of python -m sim power")
        if not found["macros"]:
            raise RequestError(f"{path}: has no SRAM; give the macros' Liberty files to power")
        return _run(found, nand2_um2)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RequestError(f"{path}: is no document of python -m sim power: {error!r}") from None


def _run(found: Mapping[str, Any], nand2_um2: float) -> GateRun:
    default = Config().flat()
    sets = " ".join(
        f"{name}={found['config'][name]}"
        for name in FIELDS
        if name not in ("clock_hz", "technology", "supply_mv")
        and name in found["config"]
        and found["config"][name] != default[name]
    )
    rows = [row for row in found["layers"] if row["cycles"]]
    long = [row for row in rows if row["cycles"] >= LEAST_CYCLES]
    rest = {
        block: min(sum(row["energy_pj"][block][k] for k in CLOCK) / row["cycles"] for row in long)
        for block in found["energy_pj"]
    }
    events = [row["events"] for row in rows]
    written = weight_writes(
        sum(one.get(_WRITES, 0) for one in events),
        {number: one.get(_READS, 0) for number, one in enumerate(events)},
    )
    for number, one in enumerate(events):
        one[_WRITES] = written[number]
    leaked = sum(kinds["leakage"] for kinds in found["energy_pj"].values())
    read = sum(one.get(_BANK_READS, 0) for one in events) / found["config"]["port_bytes"]
    return GateRun(
        network=found["model"]["name"],
        sets=sets,
        rest_pj=rest,
        banks=sum(map(_bank_reads, rows)) / read,
        leakage_w=leaked * _PJ * found["clock_hz"] / found["cycles"],
        gates=sum(found["area_um2"].values()) / nand2_um2,
        layers=tuple(_layer(row) for row in rows),
    )


def _bank_reads(row: Mapping[str, Any]) -> int:
    """Reads of all of the scratchpad's banks."""
    return sum(found["reads"] for path, found in row["accesses"].items() if path.startswith(_BANKS))


def _layer(row: Mapping[str, Any]) -> LayerEnergy:
    logic: dict[str, float] = {}
    sram: dict[str, float] = {}
    for block, kinds in row["energy_pj"].items():
        component = COMPONENT_OF[block]
        logic[component] = logic.get(component, 0.0) + sum(kinds[kind] for kind in GATES)
        place = sram if component in _COUNTED else logic
        place[component] = place.get(component, 0.0) + kinds["sram"]
    stalls = row["stalls"]
    of_npu = row["engine"] == "npu"
    running = row["cycles"] - stalls.get("cpu", 0) if of_npu else 0
    busy = row["cycles"] - sum(stalls.values()) if of_npu else 0
    known = dict.fromkeys(_EVENTS, 0) | {_LIVE: row["events"].get("mac", 0)} | row["events"]
    return LayerEnergy(
        name=row["name"],
        cycles=row["cycles"],
        events=known | {"npu_cycles": running, "busy_cycles": busy},
        logic_pj={name: round(value, 1) for name, value in logic.items()},
        sram_pj={name: round(value, 1) for name, value in sram.items() if value},
    )


_EVENTS = tuple(dict.fromkeys(event for price in LOGIC for event in price.events))


def kept_runs() -> tuple[GateRun, ...]:
    """Those that the technology of the package is fitted to, and held against."""
    found: list[GateRun] = []
    for run in json.loads(LAYERS.read_text()):
        layers = tuple(LayerEnergy(**layer) for layer in run.pop("layers"))
        found.append(GateRun(**run, layers=layers))
    return tuple(found)


def runs_text(runs: Sequence[GateRun]) -> str:
    """The text of `LAYERS`: a line a row."""
    parts: list[str] = []
    for run in runs:
        head = {key: value for key, value in asdict(run).items() if key != "layers"}
        rows = ",\n  ".join(json.dumps(asdict(layer)) for layer in run.layers)
        parts.append(f'{json.dumps(head)[:-1]}, "layers": [\n  {rows}]}}')
    return "[" + ",\n".join(parts) + "]\n"
