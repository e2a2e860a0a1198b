"""What cycles are lost to, in words: the same wherever a report names a cause."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.hw.spec.profile import CAUSES
from tilewright.sim.results.result import IDLE
from tilewright.sim.results.rows import BUSY, WAITS_FOR_CPU

MEANINGS: Mapping[str, str] = {
    **dict(
        zip(
            IDLE,
            (
                "columns of the array that have no output pixel: the last tile of an image, or a "
                "small image, does not fill them; in cycles of the whole array",
                "rows of the array that have no output channel: the last block of channels does "
                "not fill them; in cycles of the whole array",
            ),
            strict=True,
        )
    ),
    **{name: f"the array {meaning}" for name, meaning in CAUSES if name != BUSY},
    "command": "no compute command is at hand: fetch, decode, start and end of a command",
    WAITS_FOR_CPU: "the accelerator waits for firmware to start it or to take its interrupt",
}
"""Of each cause that `Layer.losses` names."""
