"""What a run answers: the same for every backend, and the same as `run --json` writes.

The names of the fields are a contract (schema tilewright.run/1). A figure that a backend does not
measure is None (null in JSON), never zero.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.sim.costs.area import Area
from tilewright.sim.costs.standby import AveragePower
from tilewright.sim.files import write_atomically
from tilewright.sim.version import origin

SCHEMA = "tilewright.run/1"

OF_THE_ACCELERATOR = tuple(
    field.name for field in dataclasses.fields(NpuConfig) if field.name != "bus_bytes"
)
"""Fields of a configuration that mean nothing where ``npu`` is "none". The bus is still there."""

Engine = Literal["npu", "cpu"]


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """The network.

    Attributes:
        name: of the file, without folder and ending.
        path: of the file as it was given, or which built-in network it is.
        sha256: of the file's bytes.
        macs: products of convolutions, depthwise and fully-connected layers, each once.
        parameters: weights and biases.
        notes: sentences that a reader of the figures must know.
    """

    name: str
    path: str
    sha256: str
    macs: int
    parameters: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """What a layer computes, and in which parts.

    Attributes:
        inputs: shapes of the activations that it reads.
        output: shape of its result.
        kernel, stride, dilation: of a window, (vertical, horizontal); None where none slides.
        tiles: commands' worth of parts on the accelerator; 0 on the CPU.
        tile: rows, columns and channels of the largest part of the output; None on the CPU.
    """

    inputs: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    kernel: tuple[int, int] | None = None
    stride: tuple[int, int] | None = None
    dilation: tuple[int, int] | None = None
    tiles: int = 0
    tile: tuple[int, int, int] | None = None


IDLE = ("idle columns", "idle rows")
"""Names of what `Layer.idle` tells: columns without a pixel, rows without a channel."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One row of the report; what belongs to no layer of the network is a row as well.

    Attributes:
        name: of the layer; in brackets what belongs to none.
        op: operator, or what the row stands for ("start-up").
        engine: who computed it.
        cycles: time from the end of the row before; the rows add up to the whole inference.
        macs: products of the network's operator, each once.
        mac_utilisation: macs for each cycle and element of the array.
        stalls: cycles by cause in which the engine did not compute.
        idle: by `IDLE`, what elements of the array that had nothing to do while it computed would
            make in cycles of the whole array. Computing, stalls and these are the layer's cycles.
        geometry: None for what is no operator.
        reason: why it is on the CPU; None on the accelerator and for what is no operator.
        events: hardware events by name, as `sim.costs.energy` knows them, and what memory does by
            itself (docs/memory.md).
        energy_by_component_j: modelled.
        energy_most_j: where each figure of the technology is off by all that it may be.
    """

    name: str
    op: str
    engine: Engine
    cycles: int | None
    macs: int
    mac_utilisation: float | None
    reason: str | None = None
    stalls: Mapping[str, int] = field(default_factory=dict[str, int])
    idle: Mapping[str, int] = field(default_factory=dict[str, int])
    geometry: Geometry | None = None
    events: Mapping[str, int] = field(default_factory=dict[str, int])
    energy_by_component_j: Mapping[str, float] | None = None
    energy_most_j: float | None = None

    @property
    def losses(self) -> dict[str, int]:
        """Cycles by cause in which the array did not compute, idle parts of it included."""
        return {**self.idle, **self.stalls}

    @property
    def energy_j(self) -> float | None:
        """The sum over the components."""
        if self.energy_by_component_j is None:
            return None
        return sum(self.energy_by_component_j.values())


@dataclass(frozen=True, kw_only=True)
class Output:
    """An output of the network.

    Attributes:
        name: in the network's file.
        shape: of the tensor.
        dtype: of the integers.
        scale, zero_point: real = scale * (value - zero_point).
        values: the integers, row-major.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int
    values: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Inference:
    """One of several inferences.

    Attributes:
        cycles: what it took; None where the backend knows no cycles.
        energy_j: modelled.
        outputs: what it gave.
    """

    cycles: int | None
    energy_j: float | None
    outputs: tuple[Output, ...]


@dataclass(frozen=True, kw_only=True)
class Check:
    """The comparison of every output element with the functional backend's.

    Attributes:
        reference: what it was compared with.
        elements: how many were compared.
        mismatches: how many of them differ.
    """

    reference: str
    elements: int
    mismatches: int


@dataclass(frozen=True, kw_only=True)
class Host:
    """What the run cost on the machine it ran on.

    Attributes:
        build_s: seconds to build the simulation model; 0 where it was there.
        simulate_s: seconds of the inference. Of a board, from the Program's first byte to the
            result's last.
        cycles_per_s: None where none are simulated.
    """

    build_s: float
    simulate_s: float
    cycles_per_s: float | None


@dataclass(frozen=True, kw_only=True)
class Total:
    """Sums over the layers.

    Attributes:
        cycles: from the CPU's call that starts the inference to its return with the result.
        macs: products of the network, each once.
        mac_utilisation: macs for each cycle and element of the array.
        latency_s: cycles at the configuration's clock.
        energy_j: modelled.
        energy_by_component_j: the same by component.
        energy_within: how sure it is: the truth is thought to lie between energy_j / energy_within
            and energy_j * energy_within.
        npu_cycles, cpu_cycles: of the rows that the accelerator, and the CPU, computed.
        read_bytes, write_bytes: from and to main memory by the accelerator.
        peak_sram_bytes: the largest part of the scratchpad in use at once.
    """

    cycles: int | None
    macs: int
    mac_utilisation: float | None
    latency_s: float | None
    energy_j: float | None
    energy_by_component_j: Mapping[str, float] | None
    energy_within: float | None
    npu_cycles: int | None
    cpu_cycles: int | None
    read_bytes: int | None
    write_bytes: int | None
    peak_sram_bytes: int


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """One network on one configuration.

    Attributes:
        config: every field of the configuration, and `energy_table`, the technology's title.
        backend: what counted the cycles.
        clock_hz: at which latency is stated.
        outputs: of the network; none where the backend predicts.
        check: None where the backend predicts or is the reference itself.
        peak_sram_bytes: the largest part of the scratchpad in use at once.
        area: of the chip without its main memory.
        area_mm2: the same in the technology's square millimetres, without room for wires.
        power: at the rate of inferences that was asked for.
        inferences: one after another; the other figures are the last one's.
    """

    model: ModelInfo
    config: Mapping[str, int | str]
    backend: Literal["rtl", "model", "functional", "board"]
    clock_hz: int
    layers: tuple[Layer, ...]
    outputs: tuple[Output, ...]
    check: Check | None
    host: Host
    peak_sram_bytes: int
    area: Area
    area_mm2: float
    power: AveragePower | None = None
    inferences: tuple[Inference, ...] = ()

    @property
    def has_array(self) -> bool:
        """Whether there is an accelerator: without one there is no array to be used, no scratchpad,
        and nothing that counts traffic."""
        return self.config["npu"] != "none"

    @property
    def has_counters(self) -> bool:
        """Whether the accelerator counts what it does."""
        return self.has_array and self.config["control"] != "microcode"

    @property
    def total(self) -> Total:
        """Everything summed over the layers."""
        cycles = _total(layer.cycles for layer in self.layers)
        elements = int(self.config["rows"]) * int(self.config["cols"]) if self.has_array else 0
        counted = cycles if self.has_counters else None
        energy = _by_component(self.layers)
        joules = sum(energy.values()) if energy is not None else None
        most = sum(layer.energy_most_j or 0.0 for layer in self.layers)
        return Total(
            cycles=cycles,
            macs=self.model.macs,
            mac_utilisation=self.model.macs / (cycles * elements) if cycles and elements else None,
            latency_s=cycles / self.clock_hz if cycles is not None else None,
            energy_j=joules,
            energy_by_component_j=energy,
            energy_within=most / joules if joules else None,
            npu_cycles=_total(row.cycles for row in self.layers if row.engine == "npu"),
            cpu_cycles=_total(row.cycles for row in self.layers if row.engine == "cpu"),
            read_bytes=self._event("main_memory_read_bytes", counted),
            write_bytes=self._event("main_memory_write_bytes", counted),
            peak_sram_bytes=self.peak_sram_bytes,
        )

    def _event(self, name: str, cycles: int | None) -> int | None:
        if cycles is None:
            return None
        return sum(layer.events.get(name, 0) for layer in self.layers)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        return {
            "schema": SCHEMA,
            **origin(),
            "model": _plain(self.model),
            "config": dict(self.config),
            "backend": self.backend,
            "clock_hz": self.clock_hz,
            "total": _plain(self.total),
            "area": self.area.to_dict() | {"mm2": self.area_mm2},
            "power": self.power.to_dict() if self.power else None,
            "layers": [
                _plain(layer)
                | {
                    "energy_j": layer.energy_j,
                    "geometry": _plain(layer.geometry) if layer.geometry else None,
                }
                for layer in self.layers
            ],
            "outputs": [_plain(output) for output in self.outputs],
            "check": _plain(self.check) if self.check else None,
            "inferences": [
                {
                    "cycles": inference.cycles,
                    "energy_j": inference.energy_j,
                    "outputs": [_plain(output) for output in inference.outputs],
                }
                for inference in self.inferences
            ],
            "host": _plain(self.host),
        }

    def to_json(self, path: Path) -> None:
        """Write the document; the file appears whole or not at all."""
        write_atomically(path, json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n")


def _plain(value: object) -> dict[str, Any]:
    return {
        name: dict(item) if isinstance(item, Mapping) else item
        for name, item in vars(value).items()
    }


def _total(values: Any) -> int | None:
    """The sum; None as soon as one is not known."""
    known = list(values)
    return None if None in known else sum(known)


def _by_component(layers: tuple[Layer, ...]) -> dict[str, float] | None:
    total: dict[str, float] = {}
    for layer in layers:
        if layer.energy_by_component_j is None:
            return None
        for component, joules in layer.energy_by_component_j.items():
            total[component] = total.get(component, 0.0) + joules
    return total
