"""A netlist as what static timing analysis walks over: edges of nets, arcs between them, checks.

A node is a net's rising or falling edge, `2 * net + edge`; arrays hold an entry an arc or a check.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.verification.gates.cell_timing import (
    EDGES,
    CellTiming,
    Check,
    Edge,
    Macros,
    cell_timing,
)
from tilewright.verification.gates.liberty import (
    CLOCK_SLEW,
    DATA_SLEW,
    LOAD,
    SLEW,
    Cell,
    Library,
    Numbers,
    Table,
)
from tilewright.verification.gates.netlist import ONE, ZERO, Instance, Memory, Netlist
from tilewright.verification.gates.table_stack import Indices, TableStack

PORT = -1
"""Owner of what starts or ends at a port of the chip."""


@dataclass(frozen=True, eq=False)
class Graph:
    """What is timed.

    Owners are numbers of instances, then of memories behind them, or PORT.

    Attributes
    ----------
    loads: fF at each net.
    sources, targets: nodes of each arc; the source of a launch is the node `clock`.
    levels: of each arc: those of a level have all that they depend on in lower ones.
    delays, slews: numbers in ``tables``.
    arc_owners, check_owners: whose.
    checked: node of each check.
    setups: numbers in ``constraints``; negative at a port, which has no setup.
    """

    netlist: Netlist
    loads: Numbers
    sources: Indices
    targets: Indices
    levels: Indices
    delays: Indices
    slews: Indices
    arc_owners: Indices
    checked: Indices
    setups: Indices
    check_owners: Indices
    tables: TableStack
    constraints: TableStack
    clock: int
    macros: tuple[str, ...]

    def owner(self, number: int) -> Instance | Memory:
        """The instance or memory of a number."""
        instances = self.netlist.instances
        if number < len(instances):
            return instances[number]
        return self.netlist.memories[number - len(instances)]


def timing_graph(netlist: Netlist, library: Library, wire_ff: float = 0.0) -> Graph:
    """The graph of ``netlist``; ``wire_ff``: capacitance of wire for each input on a net, fF.

    Memories have the timing of the library's SRAMs (`Macros.of`); without any they start and end
    no path. Raises RequestError for cells that the library has not, TilewrightError for a loop of
    gates.
    """
    building = _Building(netlist, library, wire_ff)
    building.add_ports()
    for number, instance in enumerate(netlist.instances):
        building.add_instance(number, instance)
    for number, memory in enumerate(netlist.memories, len(netlist.instances)):
        building.add_memory(number, memory)
    return building.graph()


@dataclass(eq=False)
class _Tables:
    """Numbers tables in the order in which they are first asked for."""

    known: dict[int, int] = field(default_factory=dict[int, int])
    tables: list[Table] = field(default_factory=list[Table])

    def number(self, table: Table) -> int:
        if id(table) not in self.known:
            self.known[id(table)] = len(self.tables)
            self.tables.append(table)
        return self.known[id(table)]


class _Building:
    """Collects arcs and checks as lists."""

    def __init__(self, netlist: Netlist, library: Library, wire_ff: float) -> None:
        self.netlist, self.library, self.wire_ff = netlist, library, wire_ff
        self.macros = Macros(library)
        self.used: dict[str, None] = {}
        self.clock = 2 * netlist.nets
        self.loads = np.zeros(netlist.nets)
        self.arcs: list[tuple[int, int, int, int, int]] = []
        self.checks: list[tuple[int, int, int]] = []
        self.tables, self.constraints = _Tables(), _Tables()
        self.timings: dict[str, CellTiming] = {}
        self.clocks = self._clock_nets()

    def _cell(self, instance: Instance) -> Cell:
        cell = self.library.cells.get(instance.cell)
        if cell is None:
            raise RequestError(
                f"cell {instance.cell} of {instance.path or 'the chip'} is in none of "
                f"{', '.join(self.library.sources)}"
            )
        return cell

    def _timing(self, instance: Instance) -> CellTiming:
        if instance.cell not in self.timings:
            self.timings[instance.cell] = cell_timing(self._cell(instance))
        return self.timings[instance.cell]

    def _clock_nets(self) -> frozenset[int]:
        """Of the clock, gated or not: what clock pins are at."""
        return frozenset(
            instance.pins[pin]
            for instance in self.netlist.instances
            for pin in self._timing(instance).clocks
            if pin in instance.pins
        )

    def add_ports(self) -> None:
        """Inputs change with the clock, and outputs are due at the next: nothing lies outside."""
        for nets in self.netlist.inputs.values():
            for net in nets:
                if net not in self.clocks:
                    for edge in EDGES:
                        self.arcs.append((self.clock, 2 * net + edge, -1, -1, PORT))
        for nets in self.netlist.outputs.values():
            for net in nets:
                for edge in EDGES:
                    self._check(net, edge, None, PORT)

    def add_instance(self, number: int, instance: Instance) -> None:
        """A cell's arcs, checks and the loads that its inputs are."""
        cell, timing, pins = self._cell(instance), self._timing(instance), instance.pins
        for pin in cell.inputs:
            if pin.name in pins:
                self.loads[pins[pin.name]] += pin.capacitance + self.wire_ff
        for arcs, launches in ((timing.logic, False), (timing.launch, True)):
            for arc in arcs:
                if arc.target not in pins or arc.source not in pins:
                    continue
                source = self.clock if launches else self._source(pins[arc.source], arc.source_edge)
                if source is not None:
                    target = 2 * pins[arc.target] + arc.target_edge
                    delay, slew = self.tables.number(arc.delay), self.tables.number(arc.slew)
                    self.arcs.append((source, target, delay, slew, number))
        for check in timing.checks:
            if check.pin in pins:
                self._check(pins[check.pin], check.edge, check, number)

    def _source(self, net: int, edge: Edge) -> int | None:
        """A node that may change: no constant, and no clock."""
        return None if net in (ZERO, ONE) or net in self.clocks else 2 * net + edge

    def add_memory(self, number: int, memory: Memory) -> None:
        """An SRAM: its access starts paths, its setup ends them."""
        macro = self.macros.of(memory.words, memory.bits)
        if macro is None:
            return
        self.used[macro.cell.name] = None
        tables = self.tables
        for port in memory.reads:
            for net in port.data:
                for arc in macro.launch:
                    target = 2 * net + arc.target_edge
                    delay, slew = tables.number(arc.delay), tables.number(arc.slew)
                    self.arcs.append((self.clock, target, delay, slew, number))
        ends = [(port.enable, *port.address) for port in memory.reads]
        ends += [(*port.enables, *port.address, *port.data) for port in memory.writes]
        load = max((pin.capacitance for pin in macro.cell.inputs), default=0.0)
        for net in {net for nets in ends for net in nets if net not in (ZERO, ONE)}:
            self.loads[net] += load + self.wire_ff
            for check in macro.checks:
                self._check(net, check.edge, check, number)

    def _check(self, net: int, edge: Edge, check: Check | None, owner: int) -> None:
        if self._source(net, edge) is not None:
            setup = -1 if check is None else self.constraints.number(check.setup)
            self.checks.append((2 * net + edge, setup, owner))

    def graph(self) -> Graph:
        """All that was added."""
        arcs = np.array(self.arcs, np.int64).reshape(-1, 5).T
        checks = np.array(self.checks, np.int64).reshape(-1, 3).T
        return Graph(
            netlist=self.netlist,
            loads=self.loads,
            sources=arcs[0],
            targets=arcs[1],
            levels=self._levels(arcs[0], arcs[1]),
            delays=arcs[2],
            slews=arcs[3],
            arc_owners=arcs[4],
            checked=checks[0],
            setups=checks[1],
            check_owners=checks[2],
            tables=TableStack(self.tables.tables, (SLEW, LOAD)),
            constraints=TableStack(self.constraints.tables, (DATA_SLEW, CLOCK_SLEW)),
            clock=self.clock,
            macros=tuple(self.used),
        )

    def _levels(self, sources: Indices, targets: Indices) -> Indices:
        """One more than the longest way to an arc's source, in arcs (Kahn's order)."""
        nodes = self.clock + 1
        waiting = np.bincount(targets, minlength=nodes)
        order = np.argsort(sources, kind="stable")
        begins = np.searchsorted(sources[order], np.arange(nodes + 1))
        level = np.zeros(nodes, np.int64)
        ready = np.flatnonzero(waiting == 0)
        while len(ready):
            counts = begins[ready + 1] - begins[ready]
            first = np.repeat(begins[ready] - np.cumsum(counts) + counts, counts)
            leaving = order[first + np.arange(counts.sum())]
            to = targets[leaving]
            np.maximum.at(level, to, level[sources[leaving]] + 1)
            np.subtract.at(waiting, to, 1)
            ready = np.unique(to[waiting[to] == 0])
        if (stuck := np.unique(np.flatnonzero(waiting) // 2)).size:
            names = ", ".join(self._drivers(stuck)[:4])
            raise TilewrightError(f"gates form a loop, which has no delay: {names}")
        return level[sources]

    def _drivers(self, nets: Indices) -> list[str]:
        wanted = set(nets.tolist())
        return sorted(
            instance.name
            for instance in self.netlist.instances
            for pin in self._cell(instance).outputs
            if instance.pins.get(pin.name) in wanted
        )
