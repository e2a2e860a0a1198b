"""What static timing analysis says of a chip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tilewright.verification.gates.timing import Path


@dataclass(frozen=True, kw_only=True)
class ChipTiming:
    """A chip's longest paths, from register to register.

    Attributes
    ----------
    library: name of the cells' library.
    corner: that it is for: name, V, degrees Celsius.
    fo4_ps: delay of the library's inverter that drives four of its kind.
    wire_ff: capacitance of wire for each input on a net; 0 is a chip without wires.
    macros: SRAMs that the chip's memories have the timing of; none: memories are left out.
    worst: the longest path.
    to: by block of the chip, the longest path into its registers; longest first.
    through: by block, the longest path with a cell of the block on it; longest first.
    """

    library: str
    corner: str
    fo4_ps: float
    wire_ff: float
    macros: tuple[str, ...]
    worst: Path
    to: Mapping[str, Path]
    through: Mapping[str, Path]

    @property
    def highest_hz(self) -> int:
        """The highest clock, rounded down."""
        return int(1e12 / self.worst.delay_ps)

    def slack_ps(self, clock_hz: float) -> float:
        """What remains of a clock's period; below 0 where the clock is too quick."""
        return 1e12 / clock_hz - self.worst.delay_ps

    def to_dict(self) -> dict[str, Any]:
        """For JSON; steps of the longest path alone."""
        return {
            "library": self.library,
            "corner": self.corner,
            "fo4_ps": self.fo4_ps,
            "wire_ff": self.wire_ff,
            "macros": list(self.macros),
            "highest_hz": self.highest_hz,
            "worst": _path(self.worst)
            | {
                "steps": [
                    {
                        "cell": step.cell,
                        "path": step.path,
                        "edge": step.edge,
                        "arrival_ps": step.arrival_ps,
                    }
                    for step in self.worst.steps
                ]
            },
            "to": {block: _path(path) for block, path in self.to.items()},
            "through": {block: _path(path) for block, path in self.through.items()},
        }


def _path(path: Path) -> dict[str, Any]:
    return {
        "start": path.start,
        "end": path.end,
        "delay_ps": path.delay_ps,
        "setup_ps": path.setup_ps,
        "levels": path.levels,
    }
