"""A configuration's clock beside the highest that its design reaches."""

from __future__ import annotations

from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.quoted import shown
from tilewright.hw.spec.soc_config import HIGHEST_CLOCK, QUICKEST_HZ, SLOWEST_HZ
from tilewright.sim.costs.clock.estimate import clock_table, highest_clock
from tilewright.sim.technology.read import technology_of


def with_clock(config: Config) -> Config:
    """The configuration with a number as its clock: the highest where that was asked for.

    Raises RequestError for a technology that cannot be.
    """
    if config.soc.clock_hz != HIGHEST_CLOCK:
        return config
    return at_highest_clock(config, fo4_ps(config), sram_access_ps(config))


def max_clock_hz(config: Config) -> int:
    """The highest clock that the design reaches in its technology. Raises RequestError."""
    return highest_clock(config, fo4_ps(config), sram_access_ps(config)).hz


def remark(config: Config) -> str | None:
    """`clock_note` of the configuration's own technology."""
    return clock_note(config, config.soc.technology, fo4_ps(config), sram_access_ps(config))


def fo4_ps(config: Config) -> float:
    """Delay of an inverter that drives four of its kind, at the technology's supply."""
    return technology_of(config).value("delay.fo4") * 1e12


def sram_access_ps(config: Config) -> float:
    """From the clock to what SRAM reads, at the technology's supply."""
    return technology_of(config).value("delay.sram_access") * 1e12


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
