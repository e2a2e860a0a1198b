"""Where the array's time went: cycles by cause, with the layers that lost most of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.sim.report.causes import MEANINGS
from tilewright.sim.results.result import Layer, RunResult

ON_THE_CPU = "on the CPU"
BETWEEN = "firmware"
"""Cause of cycles that firmware takes between layers."""

_FIRMWARE = "firmware between layers and streams"
_NO_REASON = "operators without a reason"


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Cycles that went to one cause.

    Attributes
    ----------
    cause: one of `sim.report.causes.MEANINGS`, `ON_THE_CPU` or `BETWEEN`.
    meaning: the cause in words; on the CPU, why operators are there.
    layers: names with their cycles, the largest first.
    """

    cause: str
    meaning: str
    layers: tuple[tuple[str, int], ...]

    @property
    def cycles(self) -> int:
        """Of all layers."""
        return sum(cycles for _, cycles in self.layers)


def losses_of(result: RunResult) -> tuple[Loss, ...]:
    """All losses of a result that knows cycles, the largest first.

    What is left of the inference's cycles is when the array, or another unit, computed.
    """
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for layer in result.layers:
        for key, cycles in _of_layer(layer):
            if cycles:
                found.setdefault(key, []).append((layer.name, cycles))
    losses = [
        Loss(cause=cause, meaning=meaning, layers=_largest_first(layers))
        for (cause, meaning), layers in found.items()
    ]
    return tuple(sorted(losses, key=lambda loss: -loss.cycles))


def _of_layer(layer: Layer) -> list[tuple[tuple[str, str], int]]:
    """(cause, meaning) and cycles of each of a layer's losses."""
    if layer.engine == "npu":
        return [((cause, MEANINGS[cause]), cycles) for cause, cycles in layer.losses.items()]
    if layer.geometry is None:
        return [((BETWEEN, _FIRMWARE), layer.cycles or 0)]
    return [((ON_THE_CPU, layer.reason or _NO_REASON), layer.cycles or 0)]


def _largest_first(layers: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(layers, key=lambda layer: -layer[1]))
