"""A netlist as a list of operations in an order in which each finds its operands."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.hw.spec.errors import TilewrightError
from tilewright.verification.gates.evaluation.functions import (
    CONSTANT,
    Kind,
    Step,
    operations,
    steps_of,
)
from tilewright.verification.gates.evaluation.order import Node, emit_in_order
from tilewright.verification.gates.liberty import Cell, Library
from tilewright.verification.gates.netlist import ONE, ZERO, Instance, Netlist
from tilewright.verification.gates.usable import is_clock_gate, is_register, register_pins

CLOCK = "clk"
"""The chip's input that rises at the begin of each cycle."""

Table = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Program:
    """What is evaluated in each cycle. Slots are nets, then helpers.

    Attributes
    ----------
    operations: [n, 4]: `Kind`, slot of the result, slots of the operands.
    recorded: [n, 4]: slot, number of the signal, bit of it, whether inverted; by signal and bit.
    registers: [n, 4]: slots of what a register takes, of when it does at the end of a cycle, of
        what it holds, and of when it did at the cycle's begin.
    instances: of each of `registers`, its number in the netlist.
    signals: names of the RTL's signals that are recorded, from the chip's top.
    clocks: for each net of a clock, the slot of when it pulses at the end of a cycle.
    watched: slots that are one where any net of a group is.
    """

    nets: int
    slots: int
    operations: Table
    recorded: Table
    registers: Table
    instances: tuple[int, ...]
    signals: tuple[str, ...]
    clocks: Mapping[int, int]
    watched: tuple[int, ...]


def compile_netlist(
    netlist: Netlist, library: Library, watched: Sequence[Collection[int]] = ()
) -> Program:
    """The program of a netlist in cells of ``library``.

    ``watched``: groups of nets of which is counted how long any is one.

    Raises TilewrightError for what it cannot evaluate: a net without or with two drivers, a loop,
    a cell of unknown behaviour.
    """
    return _Compiler(netlist, library).program(watched)


class _Compiler:
    def __init__(self, netlist: Netlist, library: Library) -> None:
        self.netlist = netlist
        self.library = library
        self.slots = netlist.nets
        self.operations: list[tuple[int, int, int, int]] = []
        self.recorded: list[tuple[int, int, int, int]] = []
        self.signals: dict[str, int] = {}
        self.nodes: list[Node] = []
        self.driven = {ZERO, ONE}
        self.clocks: dict[int, int] = {}
        self.steps = {
            cell.name: steps_of(cell.outputs[0].function)
            for cell in library.cells.values()
            if cell.state is None and len(cell.outputs) == 1 and cell.outputs[0].function
        }
        longest = max((len(steps) for steps in self.steps.values()), default=0)
        self.helpers = self._new_slot(longest)

    def program(self, watched: Sequence[Collection[int]]) -> Program:
        """All of it."""
        self._record_ports()
        registers: list[int] = []
        gates: list[Instance] = []
        for number, instance in enumerate(self.netlist.instances):
            cell = self._cell(instance)
            if is_clock_gate(cell):
                gates.append(instance)
            elif is_register(cell):
                registers.append(number)
            elif steps := self.steps.get(cell.name):
                self._add_logic(instance, cell, steps)
            else:
                raise TilewrightError(f"{instance.name}: what cell {cell.name} does is unknown")
        self._find_clocks(gates)
        ways = [self._register(self.netlist.instances[number]) for number in registers]
        groups = tuple(self._any(group) for group in watched)
        ready = {ZERO, ONE, *(slot for slot, *_ in self.recorded)}
        emit_in_order(self.nodes, ready, self.operations)
        pulsed = self._pulsed()
        return Program(
            nets=self.netlist.nets,
            slots=self.slots,
            operations=_table(self.operations),
            recorded=_table(sorted(self.recorded, key=lambda entry: entry[1:3])),
            registers=_table([(*way, pulsed[way[1]]) for way in ways]),
            instances=tuple(registers),
            signals=tuple(self.signals),
            clocks=self.clocks,
            watched=groups,
        )

    def _new_slot(self, count: int = 1) -> int:
        self.slots += count
        return self.slots - count

    def _drive(self, net: int, by: str) -> None:
        if net in self.driven:
            raise TilewrightError(f"{by} drives a net that has another driver")
        self.driven.add(net)

    def _record(self, slot: int, signal: str, bit: int, inverted: bool = False) -> None:
        number = self.signals.setdefault(signal, len(self.signals))
        self.recorded.append((slot, number, bit, inverted))

    def _record_ports(self) -> None:
        for name, nets in self.netlist.inputs.items():
            for bit, net in enumerate(nets):
                self._drive(net, f"input {name}")
                if name != CLOCK:
                    self._record(net, name, bit)
        for memory in self.netlist.memories:
            for port in memory.reads:
                for net, (signal, bit) in zip(port.data, port.signals, strict=True):
                    # A bit that nobody reads has no name.
                    if signal:
                        self._drive(net, f"memory {memory.path}")
                        self._record(net, signal, bit)

    def _cell(self, instance: Instance) -> Cell:
        cell = self.library.cells.get(instance.cell)
        if cell is None:
            raise TilewrightError(f"{instance.name}: the library has no cell {instance.cell}")
        return cell

    def _add_logic(self, instance: Instance, cell: Cell, steps: tuple[Step, ...]) -> None:
        out = instance.pins.get(cell.outputs[0].name)
        if out is None:
            return
        self._drive(out, instance.name)
        pins = {**instance.pins, CONSTANT: ZERO}

        def emit() -> None:
            self.operations.extend(operations(steps, pins, out, self.helpers))

        operands = tuple({net for net in instance.pins.values() if net != out})
        self.nodes.append(Node(instance.name, operands, out, emit))

    def _find_clocks(self, gates: Sequence[Instance]) -> None:
        """When each clock net pulses: that of the chip always, that of a gate while it is open."""
        for net in self.netlist.inputs.get(CLOCK, ()):
            self.clocks[net] = ONE
        waiting = list(gates)
        while waiting:
            left = [gate for gate in waiting if not self._open(gate)]
            if len(left) == len(waiting):
                raise TilewrightError(f"{left[0].name}: its clock comes from no clock of the chip")
            waiting = left

    def _open(self, gate: Instance) -> bool:
        """Whether the clock before the gate is known; that behind it is then known as well."""
        cell = self._cell(gate)
        clock, enable, out = (
            gate.pins[cell.pin_of_gate(role)] for role in ("clock", "enable", "out")
        )
        if clock not in self.clocks:
            return False
        self._drive(out, gate.name)
        before = self.clocks[clock]
        self.clocks[out] = enable
        if before != ONE:
            both = self.clocks[out] = self._new_slot()
            self._add_operation(gate.name, Kind.AND, both, enable, before)
        return True

    def _add_operation(self, name: str, kind: int, out: int, a: int, b: int) -> None:
        def emit() -> None:
            self.operations.append((kind, out, a, b))

        is_later = kind in (Kind.LATER, Kind.HOLD)
        self.nodes.append(Node(name, (a, b), out, emit, is_later))

    def _any(self, group: Collection[int]) -> int:
        """A slot that is one where a net of the group is."""
        first, *rest = sorted(set(group)) or [ZERO]
        for net in rest:
            both = self._new_slot()
            kind = Kind.AND + Kind.NOT_A + Kind.NOT_B + Kind.NOT_OUT
            self._add_operation("a group of nets", kind, both, first, net)
            first = both
        return first

    def _register(self, instance: Instance) -> tuple[int, int, int]:
        """What it takes, when, and what it holds."""
        clock, data, outputs = register_pins(self._cell(instance))
        if instance.pins[clock] not in self.clocks:
            raise TilewrightError(f"{instance.name}: its clock comes from no clock of the chip")
        taken, active = instance.pins[data], self.clocks[instance.pins[clock]]
        nets = {instance.pins[pin]: no for pin, no in outputs.items() if pin in instance.pins}
        for net in nets:
            self._drive(net, instance.name)
        held = next((net for net, inverted in nets.items() if not inverted), None)
        if held is None:
            nets[held := self._new_slot()] = False
        if instance.signal:
            for net, inverted in nets.items():
                self._record(net, instance.signal, instance.bit, inverted)
            return taken, active, held
        # Its value follows from what it took.
        kind = Kind.LATER if active == ONE else Kind.HOLD
        self._add_operation(instance.name, kind, held, taken, active)
        for net, inverted in nets.items():
            if inverted:
                self._add_operation(instance.name, Kind.AND + Kind.NOT_OUT, net, held, held)
        return taken, active, held

    def _pulsed(self) -> dict[int, int]:
        """For each slot of when a clock pulses at the end of a cycle: of when it did at its begin.

        These come last: nothing but counts needs them.
        """
        pulsed = {ONE: ONE}
        for slot in dict.fromkeys(self.clocks.values()):
            if slot not in pulsed:
                pulsed[slot] = self._new_slot()
                self.operations.append((Kind.LATER, pulsed[slot], slot, slot))
        return pulsed


def _table(rows: Sequence[tuple[int, ...]]) -> Table:
    return np.array(rows, np.int32).reshape(-1, 4)
