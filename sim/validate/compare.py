"""The model's counters against the chip's: errors, limits, verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tilewright.hw.spec.profile import CAUSES, EVENTS
from tilewright.mapper.program.program import Program
from tilewright.sim.results.result import Engine
from tilewright.sim.results.rows import REST_NAMES
from tilewright.sim.results.segments import Segment

LARGE_CYCLES = 1000
"""Layers of more cycles on the chip have a limit of their own."""


@dataclass(frozen=True)
class Limits:
    """Largest errors, as parts of the chip's cycles. Events have none: they must be equal."""

    network: float
    layer: float


LIMITS = Limits(network=0.01, layer=0.02)


@dataclass(frozen=True)
class Counted:
    """A layer's counters. The CPU's have no causes, and no events but those of memory."""

    cycles: int
    causes: Mapping[str, int]
    events: Mapping[str, int]


@dataclass(frozen=True)
class LayerPair:
    """A layer, or what belongs to none, by the chip and by the model."""

    name: str
    op: str
    engine: Engine
    rtl: Counted
    model: Counted

    @property
    def error(self) -> float:
        """Part of the chip's cycles by which the model is above."""
        return relative(self.model.cycles, self.rtl.cycles)

    @property
    def is_large(self) -> bool:
        """Whether the limit for layers holds for it."""
        return self.rtl.cycles > LARGE_CYCLES

    @property
    def moved(self) -> int:
        """Cycles that the model gives to another cause, or not at all."""
        return sum(
            abs(self.model.causes.get(name, 0) - self.rtl.causes.get(name, 0)) for name, _ in CAUSES
        )

    @property
    def wrong_events(self) -> tuple[str, ...]:
        """Events whose counts differ."""
        names = dict.fromkeys((*(name for name, _ in EVENTS), *self.rtl.events, *self.model.events))
        return tuple(
            f"{name} {self.model.events.get(name, 0):,} instead of {self.rtl.events.get(name, 0):,}"
            for name in names
            if self.model.events.get(name, 0) != self.rtl.events.get(name, 0)
        )


@dataclass(frozen=True)
class Comparison:
    """A network on a design, by their names."""

    network: str
    design: str
    layers: tuple[LayerPair, ...]

    @property
    def rtl_cycles(self) -> int:
        """Of the whole inference."""
        return sum(layer.rtl.cycles for layer in self.layers)

    @property
    def model_cycles(self) -> int:
        """Of the whole inference."""
        return sum(layer.model.cycles for layer in self.layers)

    @property
    def error(self) -> float:
        """Part of the chip's cycles by which the model is above."""
        return relative(self.model_cycles, self.rtl_cycles)

    @property
    def worst(self) -> LayerPair | None:
        """The layer over LARGE_CYCLES with the largest error, if there is such a layer."""
        large = (layer for layer in self.layers if layer.is_large)
        return max(large, key=lambda layer: abs(layer.error), default=None)

    @property
    def npu_off(self) -> int:
        """Cycles by which the accelerator's layers are off, without regard to sign."""
        return sum(
            abs(layer.model.cycles - layer.rtl.cycles)
            for layer in self.layers
            if layer.engine == "npu"
        )

    @property
    def moved(self) -> int:
        """Cycles of the accelerator that the model gives to another cause, or not at all."""
        return sum(layer.moved for layer in self.layers)

    @property
    def wrong_events(self) -> int:
        """Counts of events that differ."""
        return sum(len(layer.wrong_events) for layer in self.layers)

    def violations(self) -> tuple[str, ...]:
        """A sentence on each limit that is not kept."""
        found: list[str] = []
        where = f"{self.network} on {self.design}"
        if abs(self.error) > LIMITS.network:
            found.append(
                f"{where}: {self.model_cycles:,} cycles instead of {self.rtl_cycles:,}, "
                f"{self.error:+.2%}; the limit is {LIMITS.network:.0%}"
            )
        for layer in self.layers:
            if layer.is_large and abs(layer.error) > LIMITS.layer:
                found.append(
                    f"{where}, layer {layer.name}: {layer.model.cycles:,} cycles instead of "
                    f"{layer.rtl.cycles:,}, {layer.error:+.2%}; the limit is "
                    f"{LIMITS.layer:.0%}"
                )
            found += [f"{where}, layer {layer.name}: {event}" for event in layer.wrong_events]
        return tuple(found)


def compared(
    network: str, design: str, program: Program, rtl: Sequence[Segment], model: Sequence[Segment]
) -> Comparison:
    """Pairs the segments by layer and engine; what belongs to no layer comes last."""
    measured, predicted = _by_row(program, rtl), _by_row(program, model)
    nothing = Counted(0, {}, {})
    pairs: list[LayerPair] = []
    for position, engine in sorted({**measured, **predicted}):
        is_layer = position < len(program.layers)
        layer = program.layers[position] if is_layer else None
        name, op = (layer.name, layer.op) if layer else REST_NAMES[engine]
        key = (position, engine)
        pairs.append(
            LayerPair(name, op, engine, measured.get(key, nothing), predicted.get(key, nothing))
        )
    return Comparison(network, design, tuple(pairs))


def relative(found: int, true: int) -> float:
    """Part of ``true`` by which ``found`` is above it; nothing instead of nothing is right."""
    if found == true:
        return 0.0
    return (found - true) / true if true else float("inf")


def _by_row(program: Program, segments: Iterable[Segment]) -> dict[tuple[int, Engine], Counted]:
    """Sums of the segments by position in the Program's layers, and engine."""
    rows: dict[tuple[int, Engine], Counted] = {}
    for segment in segments:
        position = len(program.layers) if segment.layer is None else segment.layer
        before = rows.get((position, segment.engine), Counted(0, {}, {}))
        rows[position, segment.engine] = Counted(
            before.cycles + segment.cycles,
            _sum(before.causes, segment.causes),
            _sum(before.events, {**segment.events, **segment.memory}),
        )
    return rows


def _sum(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    return {name: first.get(name, 0) + second.get(name, 0) for name in {**first, **second}}
