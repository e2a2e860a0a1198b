"""Colours of every picture: told apart by readers who confuse red and green, light and dark."""

from __future__ import annotations

from collections.abc import Iterable

from tilewright.hw.spec.profile import CAUSES
from tilewright.sim.results.result import IDLE

PALETTE = (
    "#4269d0",
    "#efb118",
    "#ff725c",
    "#6cc5b0",
    "#a463f2",
    "#9c6b4e",
    "#97bbf5",
    "#ff8ab7",
    "#9498a0",
    "#1b7f79",
    "#c8b93c",
    "#7a3b69",
)
BUSY_COLOUR = "#3ca951"
"""The array computes."""

OTHER_COLOUR = "#d0d4da"
"""What is neither computing nor a stall of the array: the CPU's time."""


STALLS = (*(name for name, _ in CAUSES if name != "busy"), "cpu")
"""Causes for which the array stands still, as rows of a result name them."""


def colours_of(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, in order."""
    return {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(names)}


IDLE_COLOURS = dict(zip(IDLE, ("#8fd3a0", "#d6e58f"), strict=True))
"""The array computes, but not all of it."""

STALL_COLOURS = colours_of(STALLS)
"""The same in every picture."""

LOSS_COLOURS = {**IDLE_COLOURS, **STALL_COLOURS}
"""Of each cause that `Layer.losses` names."""
