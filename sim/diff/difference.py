"""Two results side by side: figures, causes, and layers matched by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tilewright.sim.diff.saved import SavedLayer, SavedRun

Number = float | None


@dataclass(frozen=True)
class Pair:
    """A figure of both; None where one has or knows none."""

    a: Number
    b: Number

    @property
    def change(self) -> Number:
        """B without A."""
        return None if self.a is None or self.b is None else self.b - self.a

    @property
    def relative(self) -> Number:
        """B beside A: 0.5 is half as much again. None where A is nothing, unless both are."""
        if self.a is None or self.b is None:
            return None
        if self.a == self.b:
            return 0.0
        return self.b / self.a - 1 if self.a else None


@dataclass(frozen=True)
class LayerPair:
    """A layer of both, or of one alone."""

    name: str
    a: SavedLayer | None
    b: SavedLayer | None

    @property
    def cycles(self) -> Pair:
        """Of the layer."""
        return Pair(self.a and self.a.cycles, self.b and self.b.cycles)

    @property
    def energy(self) -> Pair:
        """Joules."""
        return Pair(self.a and self.a.energy_j, self.b and self.b.energy_j)

    @property
    def op(self) -> str:
        """The operator, or both where they differ."""
        return self._both("op")

    @property
    def engine(self) -> str:
        """NPU or CPU, or both where they differ."""
        return self._both("engine").upper()

    @property
    def where(self) -> str:
        """ "only in A", "only in B", or nothing."""
        return "only in A" if self.b is None else "only in B" if self.a is None else ""

    def _both(self, attribute: str) -> str:
        layers = (self.a, self.b)
        found = dict.fromkeys(getattr(layer, attribute) for layer in layers if layer is not None)
        return " > ".join(found)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What differs, B beside A.

    ``config`` has the fields that differ; None stands for a field that one does not have.
    """

    a: SavedRun
    b: SavedRun
    total: Mapping[str, Pair]
    causes: Mapping[str, Pair]
    energy: Mapping[str, Pair]
    config: Mapping[str, tuple[Any, Any]]
    layers: tuple[LayerPair, ...]

    @property
    def same_network(self) -> bool:
        """Whether both ran one file."""
        return self.a.sha256 == self.b.sha256


def difference_of(a: SavedRun, b: SavedRun) -> Difference:
    """Compare two results."""
    keys = dict.fromkeys((*a.config, *b.config))
    config = {key: (a.config.get(key), b.config.get(key)) for key in keys}
    return Difference(
        a=a,
        b=b,
        total=_paired(a.total, b.total),
        causes=_paired(_causes(a), _causes(b), absent=0),
        energy=_paired(a.energy, b.energy, absent=0 if a.energy and b.energy else None),
        config={key: both for key, both in config.items() if both[0] != both[1]},
        layers=matched(a.layers, b.layers),
    )


def matched(a: Sequence[SavedLayer], b: Sequence[SavedLayer]) -> tuple[LayerPair, ...]:
    """All layers: A's in their order, and what only B has behind what stands before it in B.

    Layers of one name are matched in their order.
    """
    of_a, of_b = _numbered(a), _numbered(b)
    order = list(of_a)
    before = -1
    for key in of_b:
        if key in of_a:
            before = order.index(key)
        else:
            before += 1
            order.insert(before, key)
    return tuple(LayerPair(key[0], of_a.get(key), of_b.get(key)) for key in order)


def _numbered(layers: Iterable[SavedLayer]) -> dict[tuple[str, int], SavedLayer]:
    seen: Counter[str] = Counter()
    found: dict[tuple[str, int], SavedLayer] = {}
    for layer in layers:
        found[layer.name, seen[layer.name]] = layer
        seen[layer.name] += 1
    return found


def _causes(run: SavedRun) -> dict[str, float]:
    total: Counter[str] = Counter()
    for layer in run.layers:
        total.update(dict(layer.losses))
    return dict(total)


def _paired(
    a: Mapping[str, Number], b: Mapping[str, Number], absent: Number = None
) -> dict[str, Pair]:
    names = dict.fromkeys((*a, *b))
    return {name: Pair(a.get(name, absent), b.get(name, absent)) for name in names}
