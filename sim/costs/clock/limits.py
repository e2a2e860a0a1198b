"""A configuration's clock beside the highest that its design reaches."""

from __future__ import annotations

from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.quoted import shown
from tilewright.sim.costs.clock.estimate import clock_table, highest_clock

SLOWEST_HZ, QUICKEST_HZ = 1_000_000, 5_000_000_000
"""What ``clock_hz`` may be."""


def at_highest_clock(config: Config, fo4_ps: float, sram_access_ps: float = 0.0) -> Config:
    """The same design at the highest clock that it reaches, see `highest_clock`."""
    hz = highest_clock(config, fo4_ps, sram_access_ps).hz
    return make_config({**config.flat(), "clock_hz": min(max(hz, SLOWEST_HZ), QUICKEST_HZ)})


def clock_note(
    config: Config, technology: str, fo4_ps: float, sram_access_ps: float = 0.0
) -> str | None:
    """What to say of a clock above the highest; None where the design reaches it.

    ``technology`` is the name of the process that the delays are of.
    """
    highest = highest_clock(config, fo4_ps, sram_access_ps)
    if config.soc.clock_hz <= highest.hz:
        return None
    return (
        f"clock_hz = {_mhz(config.soc.clock_hz)} is above the {_mhz(highest.hz)} that this design "
        f"reaches in {shown(technology)} (estimated, ±{clock_table().max_error:.0%}; the longest "
        f"path ends in the {highest.block.replace('_', ' ')})"
    )


def _mhz(hz: int) -> str:
    return f"{hz / 1e6:.4g} MHz"
