"""What a netlist and its library do not say, and energy needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Assumptions:
    """Of a chip before it is placed.

    Attributes:
        wire_ff_per_um: capacitance of wires, much the same in all processes.
        pitches: length of wire for each pin that a net leads to, in pitches of a cell.
        utilisation: share of the rows that cells fill; gives their pitch.
        wire_ff: fF of wire for each pin that a net leads to, in place of the three above.
        buffer_load: what a buffer of the clock tree drives, as a share of its maximum.
    """

    wire_ff_per_um: float = 0.2
    pitches: float = 3.0
    utilisation: float = 0.7
    wire_ff: float | None = None
    buffer_load: float = 0.5

    def wire_of(self, mean_cell_area: float) -> float:
        """fF of wire for each pin that a net leads to; area in um2."""
        if self.wire_ff is not None:
            return self.wire_ff
        pitch = (mean_cell_area / self.utilisation) ** 0.5
        return self.wire_ff_per_um * self.pitches * pitch
