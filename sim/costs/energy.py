"""Modelled energy: counted events times a technology's joules, and clock and leakage over time.

`docs/energy.md` says how a technology's figures come about and how far they are from what gates of
a real library draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from tilewright.hw.spec.commands import TABLE_WORD_BYTES
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.sim.costs.area import chip_sram_bits, estimate_area, estimate_clocked
from tilewright.sim.costs.main_memory import main_memory, weight_memory
from tilewright.sim.costs.sram import read_parts_j
from tilewright.sim.technology.read import technology_of
from tilewright.sim.technology.technology import Technology

COMPONENTS: tuple[str, ...] = (
    "array",
    "accumulators",
    "columns",
    "requantiser",
    "scratchpad",
    "weight_buffer",
    "control",
    "main_memory",
    "bus",
    "cpu",
    "clock",
    "leakage",
)
"""Parts of the breakdown, in the order of reports."""

CYCLES = "cycles"
"""Stands for an event in every cycle."""


class Price(NamedTuple):
    """A line of a technology, what it is charged to, for which events, and how often for each."""

    item: str
    component: str
    events: tuple[str, ...]
    times: Callable[[NpuConfig], int]


def _once(_: NpuConfig) -> int:
    return 1


def _each_element(npu: NpuConfig) -> int:
    return npu.rows * npu.cols


def _each_column(npu: NpuConfig) -> int:
    return npu.cols


_MOVED = ("main_memory_read_bytes", "main_memory_write_bytes")

LOGIC: tuple[Price, ...] = (
    Price("array.product", "array", ("live_products",), _once),
    Price("array.element_cycle", "array", ("busy_cycles",), _each_element),
    Price("accumulators.readout", "accumulators", ("requantise",), _once),
    Price("columns.column_cycle", "columns", ("busy_cycles",), _each_column),
    Price("columns.read_byte", "columns", ("scratchpad_read_bytes",), _once),
    Price("requantiser.element", "requantiser", ("requantise",), _once),
    Price("requantiser.elementwise", "requantiser", ("elementwise",), _once),
    Price("requantiser.table_byte", "requantiser", ("table_access_bytes",), _once),
    Price("scratchpad.read_byte", "scratchpad", ("scratchpad_read_bytes",), _once),
    Price("scratchpad.write_byte", "scratchpad", ("scratchpad_write_bytes",), _once),
    Price("weight_buffer.read_byte", "weight_buffer", ("weight_buffer_read_bytes",), _once),
    Price("weight_buffer.write_byte", "weight_buffer", ("weight_buffer_write_bytes",), _once),
    Price("control.cycle", "control", ("npu_cycles",), _once),
    Price("control.memory_byte", "control", _MOVED, _once),
    Price("bus.byte", "bus", _MOVED, _once),
    Price("cpu.active_cycle", "cpu", ("cpu_active_cycles",), _once),
    Price("cpu.sleep_cycle", "cpu", ("cpu_sleep_cycles",), _once),
)
"""What gates and registers cost: `sim.measure.energy_fit` fits these lines to a netlist's."""

PRICED_OTHERWISE = frozenset({"mac", "accumulator_access"})
"""Events that cost what others beside them do: products by those whose weight is not zero, since
the others change no sum; accumulators by what is read out of them."""


class Charge(NamedTuple):
    """What an event costs.

    Attributes:
        event: its name among a layer's events, or `CYCLES`.
        component: of `COMPONENTS`, that it is charged to.
        joules: of one event.
        within: how sure that is: a factor both ways.
    """

    event: str
    component: str
    joules: float
    within: float


@dataclass(frozen=True)
class DesignEnergy:
    """What events cost in one design.

    Attributes:
        prices: event -> component -> J of one event, and J that it is thought to cost at most.
    """

    prices: Mapping[str, Mapping[str, tuple[float, float]]]

    def by_component(self, events: Mapping[str, int], cycles: int) -> dict[str, float]:
        """Joules of each of `COMPONENTS`.

        Args:
            events: how often each event happened.
            cycles: duration, for clock and leakage.

        Raises:
            KeyError: an event that has no price; it must not count as free.
        """
        joules = dict.fromkeys(COMPONENTS, 0.0)
        for event, count in (*events.items(), (CYCLES, cycles)):
            for component, (price, _) in self._of(event).items():
                joules[component] += count * price
        return joules

    def most(self, events: Mapping[str, int], cycles: int) -> float:
        """Joules of all components where each figure is off by all that it may be.

        Errors of a process' figures come from one source more often than not, so that they are
        taken to point one way and do not cancel.
        """
        return sum(
            count * highest
            for event, count in (*events.items(), (CYCLES, cycles))
            for _, highest in self._of(event).values()
        )

    def _of(self, event: str) -> Mapping[str, tuple[float, float]]:
        if event in PRICED_OTHERWISE:
            return {}
        if event not in self.prices:
            known = ", ".join(sorted(self.prices))
            raise KeyError(f"no energy is known of '{event}'; events: {known}")
        return self.prices[event]


@lru_cache(maxsize=4096)
def design_energy(config: Config) -> DesignEnergy:
    """What events cost in a design, by its technology. Raises RequestError as `technology_of`."""
    return energy_in(config, technology_of(config))


def energy_in(config: Config, technology: Technology) -> DesignEnergy:
    """The same in another technology than the configuration names."""
    prices: dict[str, dict[str, tuple[float, float]]] = {}
    for charge in _charges(config, technology):
        of_event = prices.setdefault(charge.event, {})
        price, highest = of_event.get(charge.component, (0.0, 0.0))
        most = charge.joules * charge.within
        of_event[charge.component] = price + charge.joules, highest + most
    return DesignEnergy(prices)


def _charges(config: Config, technology: Technology) -> Iterator[Charge]:
    """All of them, each figure of the technology by itself."""
    yield from _logic(config, technology)
    yield from _memories(config, technology)
    yield from _clock(config, technology)
    yield from _leakage(config, technology)


def _logic(config: Config, technology: Technology) -> Iterator[Charge]:
    """What gates cost, the SRAM between them left out."""
    for price in LOGIC:
        joules = technology.value(price.item) * price.times(config.npu)
        for event in price.events:
            yield Charge(event, price.component, joules, technology.within(price.item))


def _memories(config: Config, technology: Technology) -> Iterator[Charge]:
    """Accesses to SRAM on the chip, and to main memory."""
    npu = config.npu
    bank_bytes = npu.scratchpad_bytes // npu.scratchpad_banks
    banks = technology.value("scratchpad.banks")
    has_tables = npu.table_unit and config.soc.npu != "none" and not npu.microcode
    memories = (
        ("scratchpad", "scratchpad_read_bytes", npu.port_bytes, bank_bytes, banks),
        ("scratchpad", "scratchpad_write_bytes", npu.port_bytes, bank_bytes, 1.0),
        (
            "weight_buffer",
            "weight_buffer_read_bytes",
            npu.weight_memory_bytes,
            npu.weight_buffer_bytes,
            1.0,
        ),
        (
            "weight_buffer",
            "weight_buffer_write_bytes",
            npu.weight_memory_bytes,
            npu.weight_buffer_bytes,
            1.0,
        ),
        # The tables' memories are read in every cycle, whether the word is wanted or not.
        (
            "requantiser",
            CYCLES,
            TABLE_WORD_BYTES,
            TABLE_WORD_BYTES * npu.table_words,
            float(TABLE_WORD_BYTES * npu.requantiser_lanes * has_tables),
        ),
    )
    for component, event, width, size, accesses in memories:
        written = "write" in event
        times = accesses / width * (technology.value("sram.write") if written else 1.0)
        words = max(1, size // width)
        for item, joules in read_parts_j(technology, 8 * width, words).items():
            yield Charge(event, component, times * joules, technology.within(item))
    yield from _main_memory(config, technology)


def _main_memory(config: Config, technology: Technology) -> Iterator[Charge]:
    """Bytes by their kind of memory, and the power of being there.

    Of what lies in a weight memory, weights are charged to it; commands and parameters are few.
    """
    main, weights = main_memory(config, technology), weight_memory(config, technology)
    for way, price in (("read", main.read_j), ("write", main.write_j)):
        yield Charge(f"main_memory_{way}_bytes", "main_memory", price, main.within)
    awake = main.awake_w
    if weights:
        awake += weights.awake_w
        more = weights.read_j - main.read_j
        sure = weights.within if more > 0 else 1.0
        yield Charge("weight_buffer_write_bytes", "main_memory", more, sure)
    yield Charge(CYCLES, "main_memory", awake / config.soc.clock_hz, main.within)


def _clock(config: Config, technology: Technology) -> Iterator[Charge]:
    """Pins that the clock reaches in every cycle, used or not."""
    blocks = estimate_clocked(config).values()
    for item, count in (
        ("clock.flip_flop", sum(block.free for block in blocks)),
        ("clock.clock_gate", sum(block.clock_gates for block in blocks)),
    ):
        price = technology.value(item) * count
        yield Charge(CYCLES, "clock", price, technology.within(item))


def _leakage(config: Config, technology: Technology) -> Iterator[Charge]:
    """A cycle's share of static power."""
    for item, watts in leakage_w(config, technology).items():
        joules = watts / config.soc.clock_hz
        yield Charge(CYCLES, "leakage", joules, technology.within(item))


def leakage_w(config: Config, technology: Technology) -> dict[str, float]:
    """Static power of logic and SRAM on the chip, in W by item."""
    counts = {
        "leakage.gate": estimate_area(config).logic_ge,
        "leakage.sram_bit": float(sum(chip_sram_bits(config).values())),
    }
    return {item: count * technology.value(item) for item, count in counts.items()}
