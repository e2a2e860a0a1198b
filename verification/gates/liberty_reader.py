"""Reads Liberty files into `verification.gates.liberty`'s terms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.verification.gates.boolean import Expression, parse_function
from tilewright.verification.gates.liberty import (
    CLOCK_SLEW,
    DATA_SLEW,
    LOAD,
    SLEW,
    Cell,
    Library,
    Pin,
    PowerArc,
    State,
    Table,
    TimingArc,
    merged,
)
from tilewright.verification.gates.liberty_syntax import Group, parse_groups, read_text
from tilewright.verification.gates.liberty_units import capacitance_unit, unit_of

_AXES = {
    "input_net_transition": SLEW,
    "input_transition_time": SLEW,
    "total_output_net_capacitance": LOAD,
    "constrained_pin_transition": DATA_SLEW,
    "related_pin_transition": CLOCK_SLEW,
}
_DELAYS = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
_CONSTRAINTS = ("rise_constraint", "fall_constraint")
_GATE_ROLES = {
    "clock_gate_clock_pin": "clock",
    "clock_gate_enable_pin": "enable",
    "clock_gate_test_pin": "test",
    "clock_gate_out_pin": "out",
}
_DIRECTIONS = ("input", "output", "inout", "internal")
_RANGE = re.compile(r"\[(\d+):(\d+)\]$")
_INDEX = re.compile(r"\[\d+\]$")


def read_liberty(paths: Sequence[Path]) -> Library:
    """The library in one or several files, plain or compressed by gzip.

    Raises RequestError, with file and line, for what is no Liberty or says something impossible,
    and where the files do not belong together.
    """
    if not paths:
        raise RequestError("no Liberty file is given")
    return merged(parse_liberty(read_text(path), str(path)) for path in paths)


def parse_liberty(text: str, source: str) -> Library:
    """The library in a file's text; ``source`` is its name in messages."""
    return _Reader(parse_groups(text, source)).library()


class _Reader:
    """Of one library group: its units and templates."""

    def __init__(self, group: Group) -> None:
        self.group = group
        if group.simple.get("delay_model", "table_lookup") != "table_lookup":
            raise group.error("only delay_model : table_lookup (NLDM) is understood")
        self.time = unit_of(group, "time_unit", "1ns") / 1e-12
        volt = unit_of(group, "voltage_unit", "1V")
        self.leakage = unit_of(group, "leakage_power_unit", "1nW") / 1e-9
        self.capacitance = capacitance_unit(group)
        # Liberty's unit of energy is not said: it follows from those of capacitance and voltage.
        self.energy = self.capacitance * volt**2
        self.voltage = group.number("nom_voltage") * volt
        if self.voltage <= 0:
            raise group.error("nom_voltage is missing")
        self.templates = {
            part.name: part
            for kind in ("lu_table_template", "power_lut_template")
            for part in group.of_kind(kind)
        }
        self.widths = {
            part.name: int(part.number("bit_width", 1)) for part in group.of_kind("type")
        }

    def library(self) -> Library:
        """All of it."""
        group = self.group
        conditions = group.simple.get("default_operating_conditions") or next(
            (part.name for part in group.of_kind("operating_conditions")), ""
        )
        cells = [self._cell(part) for part in group.of_kind("cell")]
        thresholds = (
            group.number("slew_lower_threshold_pct_rise", 20) / 100,
            group.number("slew_upper_threshold_pct_rise", 80) / 100,
            group.number("slew_derate_from_library", 1),
        )
        return Library(
            name=group.name,
            voltage=self.voltage,
            temperature=group.number("nom_temperature", 25),
            corner=conditions,
            cells={cell.name: cell for cell in cells},
            slew_thresholds=thresholds,
            wire_capacitance=group.number("default_wire_load_capacitance") * self.capacitance,
            sources=(group.source,),
        )

    def _cell(self, group: Group) -> Cell:
        pins = {pin.name: pin for part in group.groups for pin in self._pins(part)}
        memory = next(group.of_kind("memory"), None)
        return Cell(
            name=group.name,
            area=group.number("area"),
            leakage=self._leakage(group),
            pins=pins,
            dont_use=group.flag("dont_use"),
            state=_state(group),
            clock_gate=group.simple.get("clock_gating_integrated_cell", ""),
            memory=_memory_size(memory) if memory else None,
        )

    def _leakage(self, group: Group) -> float:
        """Of any state: as said, or the sum of the supplies, or the mean of the states."""
        if "cell_leakage_power" in group.simple:
            return group.number("cell_leakage_power") * self.leakage
        parts = list(group.of_kind("leakage_power"))
        of_any_state = [part.number("value") for part in parts if "when" not in part.simple]
        if of_any_state:
            return sum(of_any_state) * self.leakage
        by_state: dict[str, float] = {}
        for part in parts:
            state = part.simple["when"]
            by_state[state] = by_state.get(state, 0.0) + part.number("value")
        if by_state:
            return sum(by_state.values()) / len(by_state) * self.leakage
        return self.group.number("default_cell_leakage_power") * self.leakage

    def _pins(self, group: Group) -> Iterator[Pin]:
        if group.kind == "pin":
            for name in group.names:
                yield self._pin(name, 1, [group])
        elif group.kind in ("bus", "bundle"):
            # What is said of the bus' pins stands in a group for all of them, or for each.
            whole = [part for part in group.of_kind("pin") if not _INDEX.search(part.names[0])]
            bits = self.widths.get(group.simple.get("bus_type", ""), 0)
            for part in whole:
                if span := _RANGE.search(part.names[0]):
                    bits = bits or abs(int(span[1]) - int(span[2])) + 1
            yield self._pin(group.name, bits or 1, [group, *whole])

    def _pin(self, name: str, bits: int, groups: Sequence[Group]) -> Pin:
        simple = {key: value for part in groups for key, value in part.simple.items()}
        head = Group("pin", (name,), groups[0].source, groups[0].line, simple)
        direction = simple.get("direction", "input").lower()
        if direction not in _DIRECTIONS:
            raise head.error(f"direction of pin {name} is {direction}")
        default = self.group.number(f"default_{direction}_pin_cap")
        limit, slew = head.number("max_capacitance"), head.number("max_transition")
        return Pin(
            name=name,
            direction=direction,
            bits=bits,
            capacitance=head.number("capacitance", default) * self.capacitance,
            function=_function(head, "function") or _function(head, "state_function"),
            max_capacitance=limit * self.capacitance if limit else None,
            max_slew=slew * self.time if slew else None,
            is_clock=head.flag("clock"),
            gate=next((role for key, role in _GATE_ROLES.items() if head.flag(key)), ""),
            power=tuple(
                self._power(part) for group in groups for part in group.of_kind("internal_power")
            ),
            timing=tuple(
                self._timing(part) for group in groups for part in group.of_kind("timing")
            ),
        )

    def _power(self, group: Group) -> PowerArc:
        both = self._table(group, ("power",), self.energy)
        return PowerArc(
            related=_related(group),
            when=_function(group, "when"),
            rise=self._table(group, ("rise_power",), self.energy) or both,
            fall=self._table(group, ("fall_power",), self.energy) or both,
            supply=group.simple.get("related_pg_pin", ""),
        )

    def _timing(self, group: Group) -> TimingArc:
        tables = {
            name: table
            for name in (*_DELAYS, *_CONSTRAINTS)
            if (table := self._table(group, (name,), self.time))
        }
        return TimingArc(
            related=_related(group),
            kind=group.simple.get("timing_type", "combinational"),
            sense=group.simple.get("timing_sense", ""),
            when=_function(group, "when"),
            tables=tables,
        )

    def _table(self, group: Group, kinds: tuple[str, ...], unit: float) -> Table | None:
        part = next((part for kind in kinds for part in group.of_kind(kind)), None)
        if part is None:
            return None
        values = _numbers(part, part.lists.get("values", ())) * unit
        template = self.templates.get(part.names[0] if part.names else "scalar")
        if template is None:
            if values.size != 1:
                raise part.error(f"no table template {part.names[0]}, and more than one value")
            return Table((), (), values.reshape(()))
        axes: list[str] = []
        points: list[np.ndarray] = []
        for number in range(1, 4):
            variable = template.simple.get(f"variable_{number}")
            if variable is None:
                break
            axis = _AXES.get(variable, variable)
            listed = part.lists.get(f"index_{number}") or template.lists.get(f"index_{number}", ())
            index = _numbers(part, listed) * (self.capacitance if axis == LOAD else self.time)
            if np.any(np.diff(index) <= 0):
                raise part.error(f"index_{number} does not ascend")
            axes.append(axis)
            points.append(index)
        shape = tuple(len(index) for index in points)
        if values.size != np.prod(shape, dtype=int):
            raise part.error(f"{values.size} values for a table of {shape}")
        return Table(tuple(axes), tuple(points), values.reshape(shape))


def _numbers(group: Group, texts: Sequence[str]) -> np.ndarray:
    try:
        return np.array(" ".join(texts).replace(",", " ").replace("\\", " ").split(), float)
    except ValueError:
        raise group.error(f"{group.kind} holds something else than numbers") from None


def _function(group: Group, name: str) -> Expression | None:
    text = group.simple.get(name, "").strip()
    try:
        return parse_function(text) if text else None
    except ValueError as error:
        raise group.error(f"{name}: {error}") from None


def _related(group: Group) -> tuple[str, ...]:
    return tuple(group.simple.get("related_pin", "").split())


def _state(group: Group) -> State | None:
    for kind, clock, data in (("ff", "clocked_on", "next_state"), ("latch", "enable", "data_in")):
        part = next(group.of_kind(kind), None)
        if part is None:
            continue
        if len(part.names) != 2:
            raise part.error(f"{kind} has {len(part.names)} names of its state, not 2")
        names: Mapping[str, Expression | None] = {
            name: _function(part, name) for name in (clock, data, "clear", "preset")
        }
        return State(
            kind="ff" if kind == "ff" else "latch",
            names=(part.names[0], part.names[1]),
            clock=names[clock],
            data=names[data],
            clear=names["clear"],
            preset=names["preset"],
        )
    return None


def _memory_size(group: Group) -> tuple[int, int]:
    bits = int(group.number("word_width"))
    words = int(group.number("words")) or 1 << int(group.number("address_width"))
    if bits < 1:
        raise group.error("memory has no word_width")
    return words, bits
