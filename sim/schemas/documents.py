"""The JSON documents that verbs write, as JSON Schema.

Fields come from the dataclasses that a document is made of; what stands here is what the writers
add to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tilewright.hw.spec.profile import CAUSES, EVENTS
from tilewright.sim.chips import rows as chips
from tilewright.sim.explain import explain
from tilewright.sim.explain.losses import Loss
from tilewright.sim.fpga import result as fpga
from tilewright.sim.fpga.placement import TimingPath
from tilewright.sim.inspect import inspected
from tilewright.sim.measure import bench
from tilewright.sim.report.area import SCHEMA as AREA
from tilewright.sim.report.power import SCHEMA as POWER
from tilewright.sim.report.timing import SCHEMA as TIMING
from tilewright.sim.report.trace import PROCESS
from tilewright.sim.results.result import SCHEMA as RUN
from tilewright.sim.results.segments import Segment
from tilewright.sim.schemas import results
from tilewright.sim.schemas.shapes import list_of, map_of, number, numbers, text, whole
from tilewright.sim.schemas.typed import Schema, attributes, closed, of_type, record
from tilewright.sim.validate import measure

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A kind of document: its name, what writes it, its schema."""

    name: str
    written_by: str
    schema: Schema

    @property
    def file_name(self) -> str:
        """Of its schema: ``run-1.json`` of tilewright.run/1."""
        return self.name.removeprefix("tilewright.").replace("/", "-") + ".json"


def documents() -> tuple[Document, ...]:
    """Every kind of document."""
    return (
        _document(
            RUN,
            "`run --json`, `board run --json`",
            "An inference: its layers, sums, outputs and check.",
            results.run(),
        ),
        _document(
            inspected.SCHEMA,
            "`inspect --json`",
            "A network as it was looked at.",
            record(
                inspected.Inspected,
                {"ops": list_of(record(inspected.InspectedOp), "Operators in the file's order.")},
            )["properties"],
        ),
        _document(explain.SCHEMA, "`explain --json`", "What cycles are lost to.", _explain()),
        _document(
            AREA,
            "`area --json`",
            "A chip's gates and memories.",
            {"config": results.config(), "area": results.area()},
        ),
        _document(
            TIMING,
            "`area --timing --json`",
            "A chip's longest paths.",
            {"config": results.config(), "timing": results.timing()},
        ),
        _document(
            POWER, "`power --json`, `power --out`", "A run's energy at gate level.", results.power()
        ),
        _document(
            bench.SCHEMA,
            "`bench --json`",
            "How fast the model backend is.",
            {"networks": list_of(_speed(), "One after the other.")},
        ),
        _document(fpga.SCHEMA, "`fpga`: `fpga.json`", "A board's chip.", _fpga()),
        _document(
            measure.SCHEMA,
            "`validate`: a file for each design and network",
            "What the chip's counters said.",
            {
                "network": text("Name of the network."),
                "config": results.config(),
                "segments": list_of(_segment(), "Stretches of the inference, in order."),
            },
        ),
        _document(
            chips.SCHEMA,
            "`compare-chips --json`",
            "Measured chips and modelled designs.",
            _chips(),
        ),
        Document(name="trace", written_by="`run --trace`", schema=_trace()),
    )


def _document(name: str, written_by: str, what: str, properties: Mapping[str, Schema]) -> Document:
    head = {"schema": {"const": name, "description": "Kind and version of the document."}}
    return Document(
        name=name,
        written_by=written_by,
        schema={**_head(name, what), **closed({**head, **_origin(), **properties})},
    )


def _head(name: str, what: str) -> Schema:
    return {
        "$schema": DIALECT,
        "$id": f"urn:tilewright:{name.removeprefix('tilewright.').replace('/', ':')}",
        "title": name,
        "description": what,
    }


def _origin() -> dict[str, Schema]:
    return {
        "version": text("Version of Tilewright that wrote it."),
        "commit": {
            "type": ["string", "null"],
            "description": "Commit of its sources, with -dirty where they differ; null where "
            "nobody knows.",
        },
    }


def _explain() -> dict[str, Schema]:
    layer = closed({"name": text("Of a layer."), "cycles": whole("That it lost.")})
    losses = {
        "cause": text(attributes(Loss)["cause"]),
        "meaning": text(attributes(Loss)["meaning"]),
        "cycles": whole("Of all layers."),
        "layers": list_of(layer, "Who lost most, the largest first."),
    }
    value: Schema = {"type": ["integer", "string", "boolean"]}
    changes = {
        "key": text("Field of the configuration."),
        "before": value | {"description": "Its value."},
        "after": value | {"description": "The value that was tried."},
        "cycles": of_type(int | None) | {"description": "Predicted; null where it cannot be."},
        "energy_j": of_type(float | None) | {"description": "Modelled."},
        "area_ge": of_type(float | None) | {"description": "Gate equivalents, estimated."},
        "refusal": of_type(str | None) | {"description": "Why it cannot be; null where it can."},
    }
    return {
        "model": text("Name of the network."),
        "config": results.config(energy_table=True),
        "cycles": of_type(int | None) | {"description": "Of an inference, predicted."},
        "losses": list_of(closed(losses), "Cycles by cause, the largest first."),
        "changes": list_of(closed(changes), "Each made alone, fewest cycles first."),
    }


def _speed() -> Schema:
    rate = record(
        bench.Rate, {"per_second": of_type(float | None) | {"description": "Points a second."}}
    )
    return record(
        bench.Speed,
        {
            name: rate | {"description": attributes(bench.Speed)[name]}
            for name in ("mapped", "alike")
        },
    )


def _fpga() -> dict[str, Schema]:
    used = closed({"used": whole("By the chip."), "available": whole("On the device.")})
    network = {"name": text("Of the network.")}
    latency = {"cycles": whole("Of an inference."), "latency_s": number("At the chip's clock.")}
    cannot = {"error": text("Why it cannot run on this chip.")}
    return {
        "board": text("Name of the board."),
        "device": text("Name of its FPGA."),
        "config": results.config(),
        "tools": map_of({"type": "string"}, "Versions by name."),
        "seed": whole("Of placement."),
        "resources": map_of(used, "By kind."),
        "clock_hz": whole("What the chip runs at on the board."),
        "timing_met": {"type": "boolean", "description": "Whether it reaches clock_hz."},
        "fmax_mhz": map_of({"type": "number"}, "Fastest clocks by clock's name."),
        "slowest_path": map_of(record(TimingPath), "By clock's name."),
        "seconds": map_of({"type": "number"}, "What each tool took."),
        "backend": {"enum": ["model", "rtl"], "description": "Where cycles come from."},
        "networks": list_of(
            {"anyOf": [closed({**network, **latency}), closed({**network, **cannot})]},
            "Networks on this chip.",
        ),
        "bitstream": of_type(str | None)
        | {"description": "Name of the file; null where the clock was not reached."},
    }


def _chips() -> dict[str, Schema]:
    return {
        "baseline": text("The chip whose cycles speed-ups are of."),
        "networks": map_of({"type": "string"}, "File that the designs ran, by network."),
        "rows": list_of(record(chips.Row), "Measured chips and designs, network by network."),
    }


def _segment() -> Schema:
    meanings = attributes(Segment)
    return record(
        Segment,
        {
            "causes": numbers("integer", [name for name, _ in CAUSES], meanings["causes"]),
            "events": numbers("integer", [name for name, _ in EVENTS], meanings["events"]),
        },
    )


def _trace() -> Schema:
    common = {
        "ph": {
            "enum": ["M", "X", "C"],
            "description": "M names a lane, X is a span, C a counter's value from then on.",
        },
        "name": text("Of the lane, of the layer, or of the counter with its unit."),
        "pid": {"const": PROCESS},
        "tid": whole("Number of the lane; 0 of what is in none."),
        "args": {
            "type": "object",
            "description": "What is shown of a span that is selected; of a counter, its value.",
        },
    }
    begin = {"ts": number("Beginning, in microseconds.")}
    length = {"dur": number("Length, the same.")}
    kinds = (common, {**common, **begin, **length}, {**common, **begin})
    event = {"anyOf": [closed(kind) for kind in kinds]}
    return {
        **_head("trace", "A run for Perfetto and chrome://tracing, in their Trace Event Format."),
        **closed(
            {
                "traceEvents": list_of(event, "Names, spans and counters, in no particular order."),
                "displayTimeUnit": {"const": "ns"},
                "otherData": closed(
                    {**_origin(), "clock_hz": whole("Clock of the chip.")}, "Who wrote it."
                ),
            }
        ),
    }
