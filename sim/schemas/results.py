"""JSON Schema of what a network takes on a chip, and of the chip: runs, areas, timing, power."""

from __future__ import annotations

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.field_docs import field_docs
from tilewright.sim.costs.area.parts import BLOCKS, SRAM, Area
from tilewright.sim.costs.energy import COMPONENTS
from tilewright.sim.costs.standby import AveragePower, Waiting
from tilewright.sim.report.causes import MEANINGS
from tilewright.sim.results.power import LayerPower, Macros, PowerResult, Technology
from tilewright.sim.results.result import (
    IDLE,
    Check,
    Geometry,
    Host,
    Inference,
    Layer,
    ModelInfo,
    Output,
    RunResult,
    Total,
)
from tilewright.sim.results.timing import ChipTiming
from tilewright.sim.schemas.shapes import list_of, map_of, maybe, number, numbers, text, whole
from tilewright.sim.schemas.typed import Schema, attributes, closed, field_of, of_type, record
from tilewright.verification.gates.power.kinds import KINDS
from tilewright.verification.gates.timing import Path, Step


def run() -> dict[str, Schema]:
    """Fields of `run --json`, beside the head."""
    output = record(Output)
    inference = record(Inference, {"outputs": list_of(output, "What it gave.")})
    return {
        "model": record(ModelInfo),
        "config": config(energy_table=True),
        "backend": field_of(RunResult, "backend"),
        "clock_hz": field_of(RunResult, "clock_hz"),
        "total": record(Total, {"energy_by_component_j": maybe(_by_component())}),
        "area": area(),
        "power": maybe(_average_power()),
        "layers": list_of(
            _layer(), "What was computed, in order; their cycles add up to the total."
        ),
        "outputs": list_of(output, attributes(RunResult)["outputs"]),
        "check": maybe(record(Check)),
        "inferences": list_of(inference, attributes(RunResult)["inferences"]),
        "host": record(Host),
    }


def _layer() -> Schema:
    meanings = attributes(Layer)
    return record(
        Layer,
        {
            "stalls": numbers(
                "integer", [cause for cause in MEANINGS if cause not in IDLE], meanings["stalls"]
            ),
            "idle": numbers("integer", IDLE, meanings["idle"]),
            "geometry": maybe(record(Geometry)),
            "energy_by_component_j": maybe(_by_component()),
            "energy_j": of_type(float | None) | {"description": "Modelled; of all components."},
        },
    )


def _by_component() -> Schema:
    return numbers("number", COMPONENTS, "Joules by component, modelled.")


def area() -> Schema:
    """A chip's area, in `run --json` and `area --json`."""
    parts = [*BLOCKS, *(f"{block}{SRAM}" for block in BLOCKS)]
    return closed(
        {
            "total_ge": number("Logic and memories, in gate equivalents (two-input NAND gates)."),
            "logic_ge": number("Gates and registers."),
            "memory_ge": number("SRAM, as the gates that would take its place."),
            "parts_ge": numbers("number", parts, attributes(Area)["parts"]),
            "source": field_of(Area, "source"),
            "mm2": number("Square millimetres in the technology, without room for wires."),
        },
        "The chip without its main memory.",
    )


def _average_power() -> Schema:
    return record(AveragePower, {"ways": map_of(record(Waiting), attributes(AveragePower)["ways"])})


def timing() -> Schema:
    """A chip's paths of `area --timing --json`."""
    meanings = attributes(ChipTiming)
    path = {
        "start": text("Bit of a register by the RTL's name, SRAM, or port."),
        "end": text("Likewise."),
        "delay_ps": field_of(Path, "delay_ps"),
        "setup_ps": field_of(Path, "setup_ps"),
        "levels": whole("Gates between the registers."),
    }
    steps = list_of(record(Step), attributes(Path)["steps"])
    return record(
        ChipTiming,
        {
            "macros": list_of({"type": "string"}, meanings["macros"]),
            "highest_hz": whole("The highest clock."),
            "worst": closed({**path, "steps": steps}, meanings["worst"]),
            "to": map_of(closed(path), meanings["to"]),
            "through": map_of(closed(path), meanings["through"]),
            "slack_ps": number("What remains of the period of clock_hz."),
        },
    )


def power() -> dict[str, Schema]:
    """Fields of `power --json`, beside the head."""
    meanings = attributes(PowerResult)
    accesses = closed({"reads": whole("Cycles with one."), "writes": whole("Cycles with one.")})
    layer = {
        name: field_of(Layer, name) for name in ("name", "op", "engine", "macs", "stalls", "events")
    }
    return {
        "model": closed(
            {"name": text("Of the network."), "sha256": text("Of its file.")}, "What was run."
        ),
        "config": config(),
        "clock_hz": number("Of the chip: for leakage, for power, and for the size of cells."),
        "technology": record(Technology),
        "cells": map_of({"type": "integer"}, meanings["cells"]),
        "area_um2": numbers("number", BLOCKS, meanings["area_um2"]),
        "registers": field_of(PowerResult, "registers"),
        "macros": list_of(record(Macros), meanings["macros"]),
        "cycles": whole("Of all rows."),
        "energy_pj": _by_block("Of all rows, by block and kind; null where it is not known."),
        "layers": list_of(
            closed(
                {
                    **layer,
                    "cycles": whole("Of the row."),
                    "accesses": map_of(accesses, attributes(LayerPower)["accesses"]),
                    "energy_pj": _by_block("By block and kind; null where it is not known."),
                }
            ),
            meanings["layers"],
        ),
    }


def _by_block(description: str) -> Schema:
    kinds = closed(
        {kind: of_type(float | None) | {"description": what} for kind, what in KINDS.items()}
    )
    return {
        "type": "object",
        "description": description,
        "propertyNames": {"enum": list(BLOCKS)},
        "additionalProperties": kinds,
    }


def config(*, energy_table: bool = False) -> Schema:
    """Every field of a configuration; results say as well where their energies come from."""
    meanings = field_docs()
    properties = {
        name: of_type(type(value)) | {"description": meanings[name]}
        for name, value in Config().flat().items()
    }
    table = {"energy_table": text("Where the energies come from.")} if energy_table else {}
    return closed({**properties, **table}, "Every field of the configuration, defaults included.")
