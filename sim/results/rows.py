"""From the chip's counters to the rows of the report: cycles, stalls, events, energy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

from tilewright.hw.spec.commands import TABLE_WORD_BYTES
from tilewright.hw.spec.config import Config
from tilewright.mapper.program.program import Program, ProgramLayer
from tilewright.sim.costs.energy import DesignEnergy, design_energy
from tilewright.sim.results.result import Engine, Geometry, Layer
from tilewright.sim.results.segments import Segment
from tilewright.sim.results.streams import Sent

BUSY = "busy"
WAITS_FOR_CPU = "cpu"
"""Stall of the NPU while firmware starts it or handles its interrupt."""

_Key = TypeVar("_Key")

REST_NAMES: Mapping[Engine, tuple[str, str]] = {
    "npu": ("(interrupts)", "NPU to CPU"),
    "cpu": ("(firmware)", "between layers"),
}
"""Name and operator of the rows for what belongs to no layer."""


def measured_rows(
    program: Program, segments: Sequence[Segment], sent: Mapping[int, Sent]
) -> tuple[Layer, ...]:
    """A row for each of the Program's layers, in order, then one for each engine's rest.

    The rows' cycles add up to those of the segments. ``sent``: what `sent_by_layer` tells.
    """
    ordered = sorted(segments, key=lambda segment: (_position(program, segment), segment.engine))
    rows: list[Layer] = []
    written = weight_writes(sum(told.weight_bytes for told in sent.values()), _reads(segments))
    energy = design_energy(program.config)
    for (position, engine), group in groupby(
        ordered, key=lambda segment: (_position(program, segment), segment.engine)
    ):
        layer = program.layers[position] if position < len(program.layers) else None
        told = sent.get(position, Sent()) if engine == "npu" else Sent()
        weights = written.get(None if layer is None else position, 0) if engine == "npu" else 0
        rows.append(_row(program.config, energy, layer, engine, list(group), told, weights))
    return tuple(rows)


def weight_writes(weight_bytes: int, reads: Mapping[_Key, int]) -> dict[_Key, int]:
    """Bytes that are written into the weight buffer, by layer.

    One command streams the weights of all layers, which come as the buffer has room: a layer's
    share is that of what it reads of main memory. They add up to ``weight_bytes``.
    """
    whole, done, sum_ = sum(reads.values()), 0, 0
    found: dict[_Key, int] = {}
    for layer, count in reads.items():
        sum_ += count
        upto = weight_bytes * sum_ // whole if whole else 0
        found[layer], done = upto - done, upto
    return found


def _reads(segments: Sequence[Segment]) -> dict[int | None, int]:
    """Words that the accelerator reads of main memory, by layer."""
    found: dict[int | None, int] = {}
    for segment in segments:
        count = segment.events.get("memory_read_beats", 0)
        found[segment.layer] = found.get(segment.layer, 0) + count
    return found


def unmeasured_rows(program: Program) -> tuple[Layer, ...]:
    """The Program's layers, for a backend that knows no cycles."""
    return tuple(
        Layer(
            name=layer.name,
            op=layer.op,
            engine=layer.engine,
            cycles=None,
            macs=layer.macs,
            mac_utilisation=None,
            reason=layer.reason or None,
            geometry=_geometry(layer),
        )
        for layer in program.layers
    )


def _position(program: Program, segment: Segment) -> int:
    return len(program.layers) if segment.layer is None else segment.layer


def _row(
    config: Config,
    energy: DesignEnergy,
    layer: ProgramLayer | None,
    engine: Engine,
    segments: Sequence[Segment],
    sent: Sent,
    weight_bytes: int,
) -> Layer:
    cycles = sum(segment.cycles for segment in segments)
    macs = layer.macs if layer else 0
    name, op = (layer.name, layer.op) if layer else REST_NAMES[engine]
    counted = engine == "cpu" or not config.npu.microcode
    live = layer.live if layer else 1.0
    events = energy_events(config, segments, weight_bytes, live) if counted else {}
    return Layer(
        name=name,
        op=op,
        engine=engine,
        cycles=cycles,
        macs=macs,
        mac_utilisation=_utilisation(config, macs, cycles),
        reason=(layer.reason or None) if layer else None,
        stalls=_stalls(segments, cycles) if counted and engine == "npu" else {},
        idle=sent.idle if counted and engine == "npu" else {},
        geometry=_geometry(layer) if layer else None,
        events={**events, **_summed(segment.memory for segment in segments)},
        energy_by_component_j=energy.by_component(events, cycles) if counted else None,
        energy_most_j=energy.most(events, cycles) if counted else None,
    )


def _geometry(layer: ProgramLayer) -> Geometry:
    slide = layer.slide
    return Geometry(
        inputs=layer.inputs,
        output=layer.shape,
        kernel=slide.kernel if slide else None,
        stride=slide.stride if slide else None,
        dilation=slide.dilation if slide else None,
        tiles=layer.tiles,
        tile=layer.tile,
    )


def _utilisation(config: Config, macs: int, cycles: int) -> float | None:
    """Of the array; None where there is none."""
    if config.soc.npu == "none":
        return None
    return macs / (cycles * config.npu.rows * config.npu.cols) if cycles else 0.0


def _stalls(segments: Sequence[Segment], cycles: int) -> dict[str, int]:
    """Cycles by cause; what the NPU counted for no cause is the time that firmware took."""
    causes = _summed(segment.causes for segment in segments)
    starting = cycles - sum(causes.values())
    causes.pop(BUSY, None)
    return {**causes, WAITS_FOR_CPU: starting}


def energy_events(
    config: Config, segments: Sequence[Segment], weight_bytes: int = 0, live: float = 1.0
) -> dict[str, int]:
    """Events that energy is made of: memory accesses in bytes of the port's full width.

    ``live``: the share of the weights that are not zero, and so of products that cost.
    """
    npu = config.npu
    counted = _summed(segment.events for segment in segments)
    causes = _summed(segment.causes for segment in segments)
    active = sum(segment.cpu_active for segment in segments)
    events = {
        "cpu_active_cycles": active,
        "cpu_sleep_cycles": sum(segment.cycles for segment in segments) - active,
    }
    if not counted:
        return events
    return {
        "npu_cycles": sum(causes.values()),
        "busy_cycles": causes.get(BUSY, 0),
        "mac": counted["mac"],
        "live_products": round(counted["mac"] * live),
        "accumulator_access": counted["accumulator_access"],
        "requantise": counted["requantise"],
        "elementwise": counted["elementwise"],
        "table_access_bytes": counted["table"] * TABLE_WORD_BYTES,
        "scratchpad_read_bytes": counted["scratchpad_read_words"] * npu.port_bytes,
        "scratchpad_write_bytes": counted["scratchpad_write_words"] * npu.port_bytes,
        "weight_buffer_read_bytes": counted["weight_buffer_read_words"] * npu.weight_word_bytes,
        "weight_buffer_write_bytes": weight_bytes,
        "main_memory_read_bytes": counted["memory_read_beats"] * npu.bus_bytes,
        "main_memory_write_bytes": counted["memory_write_beats"] * npu.bus_bytes,
        **events,
    }


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for mapping in counts:
        for name, value in mapping.items():
            total[name] = total.get(name, 0) + value
    return total
