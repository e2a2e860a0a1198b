"""Static timing analysis of a netlist: the longest delays between registers, and through blocks.

NLDM tables, rising and falling edges apart, the worst slew at each pin. The clock is ideal: its
edge is at every register at once, with no transition time. Every path takes one cycle; none is
known to be false. Only setup is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tilewright.hw.spec.errors import TilewrightError
from tilewright.verification.gates.cell_timing import FALL
from tilewright.verification.gates.liberty import Numbers
from tilewright.verification.gates.netlist import Instance
from tilewright.verification.gates.table_stack import Indices
from tilewright.verification.gates.timing_graph import PORT, Graph

_NEVER = -np.inf


@dataclass(frozen=True)
class Step:
    """A cell on a path.

    Attributes:
        cell: of the library; "" of what is none: ports and memories.
        path: where the cell is, names below the top.
        edge: of its output, "rise" or "fall".
        arrival_ps: at its output, from the clock's edge.
    """

    cell: str
    path: str
    edge: str
    arrival_ps: float


@dataclass(frozen=True)
class Path:
    """From register to register.

    Attributes
    ----------
    start, end: the registers' bits by the RTL's names, memories, ports.
    start_path, end_path: where these are; "" at ports.
    delay_ps: from the clock's edge until the end's input is stable and its setup is over.
    setup_ps: of that.
    steps: start first, without the end.
    """

    start: str
    end: str
    start_path: str
    end_path: str
    delay_ps: float
    setup_ps: float
    steps: tuple[Step, ...]

    @property
    def levels(self) -> int:
        """Gates between the registers."""
        return len(self.steps) - 1


class Timing:
    """Delays of a graph, in ps.

    Attributes:
        arrival, slew: of each node; never (-inf) where nothing changes.
        tail: from each node to the latest end behind it, with its setup.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        nodes = graph.clock + 1
        self.arrival: Numbers = np.full(nodes, _NEVER)
        self.slew: Numbers = np.zeros(nodes)
        self.delay: Numbers = np.zeros(len(graph.sources))
        self._forward()
        self.setup: Numbers = self._setups()
        self.tail: Numbers = np.full(nodes, _NEVER)
        np.maximum.at(self.tail, graph.checked, self.setup)
        self._backward()

    @cached_property
    def _of_levels(self) -> list[Indices]:
        order = np.argsort(self.graph.levels, kind="stable")
        levels = self.graph.levels[order]
        return np.split(order, np.flatnonzero(np.diff(levels)) + 1)

    def _forward(self) -> None:
        graph = self.graph
        self.arrival[graph.clock] = 0.0
        for arcs in self._of_levels:
            source, target = graph.sources[arcs], graph.targets[arcs]
            changes = self.arrival[source] > _NEVER
            arcs, source, target = arcs[changes], source[changes], target[changes]
            # A port's edge comes with the clock's, as steep as that.
            gates = graph.delays[arcs] >= 0
            slews, loads = self.slew[source][gates], graph.loads[target[gates] // 2]
            self.delay[arcs[gates]] = graph.tables.at(graph.delays[arcs[gates]], slews, loads)
            found = graph.tables.at(graph.slews[arcs[gates]], slews, loads)
            np.maximum.at(self.arrival, target, self.arrival[source] + self.delay[arcs])
            np.maximum.at(self.slew, target[gates], found)

    def _setups(self) -> Numbers:
        graph = self.graph
        known = graph.setups >= 0
        setup = np.zeros(len(graph.setups))
        slews = self.slew[graph.checked[known]]
        setup[known] = graph.constraints.at(graph.setups[known], slews, np.zeros(len(slews)))
        return setup

    def _backward(self) -> None:
        graph = self.graph
        for arcs in reversed(self._of_levels):
            np.maximum.at(
                self.tail, graph.sources[arcs], self.delay[arcs] + self.tail[graph.targets[arcs]]
            )

    @property
    def period_ps(self) -> float:
        """The shortest clock period: of the longest path. Raises TilewrightError without one."""
        period = float(np.max(self._ends, initial=_NEVER))
        if period == _NEVER:
            raise TilewrightError("the netlist has no path from a register to a register")
        return period

    @property
    def _ends(self) -> Numbers:
        return self.arrival[self.graph.checked] + self.setup

    def worst_path(self) -> Path:
        """The longest path."""
        return self._path(int(np.argmax(self._ends)))

    def worst_to(self, group: Callable[[str], str]) -> dict[str, Path]:
        """The longest path that ends in each group; ``group`` has that of a place's path."""
        ends = self._ends
        worst: dict[str, int] = {}
        for check in np.argsort(-ends):
            owner = int(self.graph.check_owners[check])
            if ends[check] > _NEVER and owner != PORT:
                worst.setdefault(group(self.graph.owner(owner).path), int(check))
        return {name: self._path(check) for name, check in worst.items()}

    def worst_through(self, group: Callable[[str], str]) -> dict[str, Path]:
        """The longest path with a cell of each group on it."""
        graph = self.graph
        names, numbers = self._groups(group)
        real = graph.arc_owners != PORT
        of_arc = numbers[graph.arc_owners[real]]
        total = (self.arrival[graph.sources] + self.delay + self.tail[graph.targets])[real]
        longest = np.full(len(names), _NEVER)
        np.maximum.at(longest, of_arc, total)
        found: dict[str, Path] = {}
        for number, name in enumerate(names):
            if longest[number] > _NEVER:
                arcs = np.flatnonzero((of_arc == number) & (total == longest[number]))
                found[name] = self._path_through(int(np.flatnonzero(real)[arcs[0]]))
        return found

    def _groups(self, group: Callable[[str], str]) -> tuple[list[str], Indices]:
        netlist = self.graph.netlist
        numbers: dict[str, int] = {}
        of_owner = [
            numbers.setdefault(group(owner.path), len(numbers))
            for owner in (*netlist.instances, *netlist.memories)
        ]
        return list(numbers), np.array(of_owner, np.int64)

    def _path_through(self, arc: int) -> Path:
        """From the end that is latest behind an arc."""
        graph, node = self.graph, int(self.graph.targets[arc])
        arcs = [arc]
        # The tail of an end is its setup itself, whatever arcs leave it.
        while not np.any(self.setup[self._checks_of(node)] == self.tail[node]):
            leaving = self._leaving(node)
            tails = self.delay[leaving] + self.tail[graph.targets[leaving]]
            arcs.append(int(leaving[np.argmax(tails)]))
            node = int(graph.targets[arcs[-1]])
        checks = self._checks_of(node)
        return self._described(
            [*self._before(arc), *arcs], int(checks[self.setup[checks].argmax()])
        )

    def _path(self, check: int) -> Path:
        node = int(self.graph.checked[check])
        last = self._last_arc(node)
        return self._described([*self._before(last), last], check)

    def _before(self, arc: int) -> list[int]:
        """The arcs by which the source of one gets its latest arrival, the first first."""
        found: list[int] = []
        while (node := int(self.graph.sources[arc])) != self.graph.clock:
            arc = self._last_arc(node)
            found.append(arc)
        return found[::-1]

    def _last_arc(self, node: int) -> int:
        arcs = self._arriving(node)
        arrivals = self.arrival[self.graph.sources[arcs]] + self.delay[arcs]
        return int(arcs[np.argmax(arrivals)])

    @cached_property
    def _order(self) -> tuple[Indices, Indices, Indices]:
        graph = self.graph
        return (
            np.argsort(graph.targets, kind="stable"),
            np.argsort(graph.sources, kind="stable"),
            np.argsort(graph.checked, kind="stable"),
        )

    def _arriving(self, node: int) -> Indices:
        return _of(node, self.graph.targets, self._order[0])

    def _leaving(self, node: int) -> Indices:
        return _of(node, self.graph.sources, self._order[1])

    def _checks_of(self, node: int) -> Indices:
        return _of(node, self.graph.checked, self._order[2])

    def _described(self, arcs: list[int], check: int) -> Path:
        graph = self.graph
        steps: list[Step] = []
        arrival = 0.0
        for arc in arcs:
            arrival += float(self.delay[arc])
            owner = int(graph.arc_owners[arc])
            thing = None if owner == PORT else graph.owner(owner)
            steps.append(
                Step(
                    cell=thing.cell if isinstance(thing, Instance) else "",
                    path=thing.path if thing else "",
                    edge="fall" if graph.targets[arc] % 2 == FALL else "rise",
                    arrival_ps=arrival,
                )
            )
        setup = float(self.setup[check])
        first, last = int(graph.arc_owners[arcs[0]]), int(graph.check_owners[check])
        return Path(
            start=self._name(first, int(graph.targets[arcs[0]]) // 2),
            end=self._name(last, int(graph.checked[check]) // 2),
            start_path=steps[0].path,
            end_path="" if last == PORT else graph.owner(last).path,
            delay_ps=arrival + setup,
            setup_ps=setup,
            steps=tuple(steps),
        )

    def _name(self, owner: int, net: int) -> str:
        """Of a register's bit, a memory, a clock gate or a port, as a person knows it."""
        if owner == PORT:
            netlist = self.graph.netlist
            for name, nets in (*netlist.inputs.items(), *netlist.outputs.items()):
                if net in nets:
                    return f"port {name}[{nets.index(net)}]" if len(nets) > 1 else f"port {name}"
        thing = self.graph.owner(owner)
        if not isinstance(thing, Instance):
            return f"SRAM {thing.path}"
        if thing.signal:
            return f"{thing.signal}[{thing.bit}]"
        return f"{thing.cell} in {thing.path or 'the top'}"


def _of(node: int, nodes: Indices, order: Indices) -> Indices:
    """The entries of ``nodes`` that are ``node``; ``order`` sorts them."""
    low, high = np.searchsorted(nodes, [node, node + 1], sorter=order)
    return order[low:high]
