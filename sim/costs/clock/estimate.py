"""A design's highest clock from its configuration, in microseconds and without Yosys.

The longest path into each block is a sum of features (`sim.costs.clock.features`) times
coefficients in paths.yaml, in FO4 delays: ``python -m sim.measure.clock`` fits them to designs that
were mapped to a library and timed. The longest of all is the clock's period. Wires have no
capacitance in it, and logic is made as quick as ABC makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tilewright.hw.spec.config import Config
from tilewright.sim.costs.clock.features import CPU, Features, logic_features, memory_features
from tilewright.sim.tables import read_table

Coefficients = Mapping[str, Mapping[str, float]]
"""Block -> feature -> FO4 delays of one."""


@dataclass(frozen=True)
class ClockTable:
    """Coefficients and what is known of their error.

    Attributes:
        logic: of paths from registers.
        memory: of paths from SRAM, behind its access.
        cpu: CPU variant -> FO4 of its longest path from registers.
        cpu_memory: CPU variant -> FO4 behind an access of its caches; only of those that have any.
        mean_error, max_error: of the period, for designs that were left out of the fit; relative.
        designs: how many designs were timed.
        library: of the cells that they were mapped to, with its corner.
    """

    logic: Coefficients
    memory: Coefficients
    cpu: Mapping[str, float]
    cpu_memory: Mapping[str, float]
    mean_error: float
    max_error: float
    designs: int
    library: str


@dataclass(frozen=True)
class Clock:
    """The highest clock.

    Attributes:
        hz: whole hertz, rounded down.
        block: in which the longest path ends, a name of `sim.costs.area.parts.BLOCKS`.
        fo4: the longest path in FO4 delays, without SRAM's access.
        from_memory: whether that path starts at SRAM.
    """

    hz: int
    block: str
    fo4: float
    from_memory: bool


@cache
def clock_table() -> ClockTable:
    """The table that the package brings."""
    data = read_table(files("tilewright.sim.costs.clock") / "paths.yaml")
    return ClockTable(
        logic=data["logic"],
        memory=data["memory"],
        cpu=data["cpu"],
        cpu_memory=data["cpu_memory"],
        mean_error=data["error"]["mean"],
        max_error=data["error"]["max"],
        designs=data["error"]["designs"],
        library=data["library"],
    )


def highest_clock(config: Config, fo4_ps: float, sram_access_ps: float = 0.0) -> Clock:
    """The highest clock in a process whose inverter that drives four of its kind takes ``fo4_ps``.

    ``sram_access_ps``: from the clock to the data of the slowest SRAM on the chip; 0 leaves paths
    from SRAM out. `ClockTable` has the error of the period, in which both figures are taken for
    exact.
    """
    logic, memory = path_delays(config)
    block = max(logic, key=lambda name: logic[name])
    longest = Clock(_hz(logic[block] * fo4_ps), block, logic[block], from_memory=False)
    if sram_access_ps > 0 and memory:
        behind = max(memory, key=lambda name: memory[name])
        slow = _hz(sram_access_ps + memory[behind] * fo4_ps)
        if slow < longest.hz:
            return Clock(slow, behind, memory[behind], from_memory=True)
    return longest


def path_delays(config: Config) -> tuple[dict[str, float], dict[str, float]]:
    """FO4 of the longest path into each block: from registers, and from SRAM behind its access."""
    table, cpu = clock_table(), config.soc.cpu
    logic = {**delays(table.logic, logic_features(config)), CPU: table.cpu[cpu]}
    memory = delays(table.memory, memory_features(config))
    if cpu in table.cpu_memory:
        memory[CPU] = table.cpu_memory[cpu]
    return logic, memory


def delays(coefficients: Coefficients, features: Features) -> dict[str, float]:
    """FO4 of each block's longest path."""
    return {
        block: sum(amount * coefficients[block][name] for name, amount in amounts.items())
        for block, amounts in features.items()
    }


def _hz(period_ps: float) -> int:
    return int(1e12 / period_ps)
