"""Energy of the chip at gate level: what its nets did, weighted by what its library says.

Of each net, transitions x C V^2 / 2; of each cell, the internal energy of its pins' transitions,
its leakage, and what its clock takes; of SRAM, what each access takes. Transitions are those
between settled values: what nets do before they settle (glitches) is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.verification.gates.evaluation.evaluator import Activity
from tilewright.verification.gates.evaluation.program import CLOCK, Program, compile_netlist
from tilewright.verification.gates.liberty import Library, Numbers
from tilewright.verification.gates.netlist import ONE, Netlist
from tilewright.verification.gates.power.assumptions import Assumptions
from tilewright.verification.gates.power.clock_tree import Tree, clock_buffer, clock_tree
from tilewright.verification.gates.power.internal import output_energy, own_energy
from tilewright.verification.gates.power.kinds import KINDS
from tilewright.verification.gates.power.loads import CellGroup, find_loads
from tilewright.verification.gates.power.registers import clock_energy
from tilewright.verification.gates.power.sram import Tiling, tile
from tilewright.verification.gates.usable import is_clock_gate, is_register, register_pins

Energy = Mapping[str, Mapping[str, float]]
"""pJ by block and kind."""

_NW_S = 1e6
"""fJ."""


@dataclass(frozen=True)
class Accesses:
    """Of a memory: cycles in which it is read, and in which it is written."""

    reads: int
    writes: int


class PowerModel:
    """A netlist's energies.

    Parameters
    ----------
    block_of: the block that an instance belongs to, by its path below the chip's top.

    Attributes
    ----------
    program: what must be evaluated for `energy`.
    tilings: SRAM in place of the memories; none without SRAM in the library: accesses then have no
        energy, and memories no leakage.
    """

    def __init__(
        self,
        netlist: Netlist,
        library: Library,
        block_of: Callable[[str], str],
        assumptions: Assumptions,
    ) -> None:
        self.netlist = netlist
        self.library = library
        self.tilings = tile(netlist.memories, library)
        self._columns = [
            (number, column)
            for number, tiling in enumerate(self.tilings)
            for column in range(tiling.columns)
        ]
        whole = [
            [net for port in memory.writes for net in port.enables] for memory in netlist.memories
        ]
        parts = [
            [
                net
                for port in self.tilings[number].memory.writes
                for net in port.enables[self.tilings[number].column(column)]
            ]
            for number, column in self._columns
        ]
        self.program: Program = compile_netlist(netlist, library, [*whole, *parts])
        self._blocks: dict[str, int] = {}
        self._block = self._numbers([block_of(instance.path) for instance in netlist.instances])
        self._memory_block = self._numbers([block_of(memory.path) for memory in netlist.memories])
        self.loads = find_loads(netlist, library, assumptions, self._memory_pins())
        self._row = {number: row for row, number in enumerate(self.program.instances)}
        self.buffer = clock_buffer(library, assumptions, self.loads.wire)
        self.trees = {net: self._tree(net, assumptions) for net in self.program.clocks}

    def energy(self, activity: Activity, clock_hz: float) -> Energy:
        """pJ by block and kind of a stretch of cycles."""
        sums = {kind: np.zeros(len(self._blocks)) for kind in KINDS}
        pulses = {
            net: activity.cycles if slot == ONE else int(activity.high[slot])
            for net, slot in self.program.clocks.items()
        }
        transitions = activity.transitions[: self.netlist.nets].astype(float)
        high = activity.high[: self.netlist.nets] / activity.cycles
        for net, count in pulses.items():
            transitions[net], high[net] = 2 * count, count / activity.cycles / 2
        for group in self.loads.groups:
            self._cells(group, activity, transitions, high, sums)
            leakage = np.full(len(group.numbers), group.cell.leakage)
            sums["leakage"] += self._by_block(group, leakage * self._seconds(activity, clock_hz))
        for net, count in pulses.items():
            self._clock(net, count, self._seconds(activity, clock_hz), sums)
        self._memories(activity, transitions, self._seconds(activity, clock_hz), sums)
        return {
            name: {kind: float(sums[kind][number]) / 1000 for kind in KINDS}
            for name, number in self._blocks.items()
        }

    def accesses(self, activity: Activity) -> dict[str, Accesses]:
        """Of each memory by its path."""
        return {
            memory.path: Accesses(
                sum(int(activity.high[port.enable]) for port in memory.reads),
                int(activity.high[self.program.watched[number]]),
            )
            for number, memory in enumerate(self.netlist.memories)
        }

    @staticmethod
    def _seconds(activity: Activity, clock_hz: float) -> float:
        """fJ of a nW."""
        return activity.cycles / clock_hz * _NW_S

    def _numbers(self, blocks: list[str]) -> npt.NDArray[np.int64]:
        return np.array([self._blocks.setdefault(b, len(self._blocks)) for b in blocks], np.int64)

    def _by_block(self, group: CellGroup, energy: Numbers) -> Numbers:
        return np.bincount(self._block[group.numbers], energy, len(self._blocks)).astype(float)

    def _cells(
        self,
        group: CellGroup,
        activity: Activity,
        transitions: Numbers,
        high: Numbers,
        sums: dict[str, Numbers],
    ) -> None:
        """Adds what the instances of a cell take, but for leakage."""
        cell, count = group.cell, len(group.numbers)
        is_gate, is_flip_flop = is_clock_gate(cell), is_register(cell)

        def of_net(values: Numbers, pin: str) -> Numbers:
            nets = group.nets[pin]
            return np.where(nets >= 0, values[nets], 0.0)

        changes = {pin: of_net(transitions, pin) for pin in cell.pins}
        ones = {pin: of_net(high, pin) for pin in cell.pins}
        slews = {pin.name: of_net(self.loads.slews, pin.name) for pin in cell.inputs}
        clock = register_pins(cell)[0] if is_flip_flop else ""
        inside, switched = np.zeros(count), np.zeros(count)
        for pin in cell.inputs:
            if pin.name != clock:
                energies = own_energy(pin, ones, slews[pin.name], np.zeros(count))
                inside += changes[pin.name] / 2 * sum(energies)
        for pin in cell.outputs:
            load = of_net(self.loads.capacitance, pin.name)
            inside += changes[pin.name] * output_energy(pin, changes, ones, slews, load)
            # Clocks' nets are counted where they end.
            if not is_gate:
                switched += changes[pin.name] / 2 * load * self.library.voltage**2
        sums["clock" if is_gate else "internal"] += self._by_block(group, inside)
        sums["switching"] += self._by_block(group, switched)
        if is_flip_flop:
            rows = activity.pulses[[self._row[number] for number in group.numbers]]
            energy = clock_energy(cell, rows, self.loads.slew)
            sums["clock"] += self._by_block(group, energy)
        for pin in [clock] if clock else [cell.pin_of_gate("clock")] if is_gate else []:
            load = cell.pins[pin].capacitance + self.loads.wire
            energy = changes[pin] / 2 * load * self.library.voltage**2
            sums["clock"] += self._by_block(group, energy)

    def _tree(self, net: int, assumptions: Assumptions) -> tuple[Tree, Numbers]:
        """Of a clock's net, and each block's share of its sinks."""
        sinks = np.zeros(len(self._blocks))
        drive = self.buffer.drive if self.buffer else 0.0
        for group in self.loads.groups:
            for pin in group.cell.inputs:
                here = group.numbers[group.nets[pin.name] == net]
                sinks += np.bincount(self._block[here], minlength=len(self._blocks))
            for pin in group.cell.outputs:
                if np.any(group.nets[pin.name] == net):
                    limit = pin.max_capacitance
                    drive = assumptions.buffer_load * limit if limit else float("inf")
        tree = clock_tree(
            self.buffer,
            float(self.loads.capacitance[net]),
            drive,
            self.loads.slew,
            self.library.voltage,
        )
        return tree, sinks / max(sinks.sum(), 1)

    def _clock(self, net: int, pulses: int, fj_of_nw: float, sums: dict[str, Numbers]) -> None:
        """Adds what the buffers of a clock's net take."""
        tree, shares = self.trees[net]
        sums["clock_tree"] += shares * (pulses * tree.pulse_fj + tree.leakage_nw * fj_of_nw)

    def _memories(
        self, activity: Activity, transitions: Numbers, fj_of_nw: float, sums: dict[str, Numbers]
    ) -> None:
        """Adds what SRAM takes, and the nets that it drives."""
        volt2 = self.library.voltage**2
        for memory, block in zip(self.netlist.memories, self._memory_block, strict=True):
            nets = [net for port in memory.reads for net in port.data]
            charged = transitions[nets] / 2 * self.loads.capacitance[nets] * volt2
            sums["switching"][block] += charged.sum()
        written = self.program.watched[len(self.netlist.memories) :]
        writes = np.zeros(len(self.tilings), np.int64)
        for (number, _), slot in zip(self._columns, written, strict=True):
            writes[number] += int(activity.high[slot])
        for number, tiling in enumerate(self.tilings):
            block = self._memory_block[number]
            reads = sum(int(activity.high[port.enable]) for port in tiling.memory.reads)
            reads *= tiling.columns
            idle = tiling.macros * activity.cycles - reads - writes[number]
            access = tiling.access
            sums["sram"][block] += (
                reads * access.read + writes[number] * access.write + max(idle, 0) * access.idle
            )
            sums["sram"][block] += tiling.macros * activity.cycles * _clock_pin(tiling) * volt2
            sums["sram_leakage"][block] += tiling.macros * tiling.macro.leakage * fj_of_nw

    def _memory_pins(self) -> dict[int, tuple[int, float]]:
        """Pins of macros at each net, and their fF."""
        pins: dict[int, tuple[int, float]] = {}

        def add(net: int, count: int, each: float) -> None:
            known, load = pins.get(net, (0, 0.0))
            pins[net] = known + count, load + count * each

        for tiling in self.tilings:
            loads = [pin.capacitance for pin in tiling.macro.inputs if not pin.is_clock]
            each = sum(loads) / max(len(loads), 1)
            for net in self.netlist.inputs.get(CLOCK, ()):
                add(net, tiling.macros, _clock_pin(tiling))
            for port in tiling.memory.reads:
                for net in (port.enable, *port.address):
                    add(net, tiling.macros, each)
            for port in tiling.memory.writes:
                for net in port.address:
                    add(net, tiling.macros, each)
                for net in (*port.enables, *port.data):
                    add(net, tiling.rows, each)
        return pins


def _clock_pin(tiling: Tiling) -> float:
    """fF of a macro's clock."""
    return max(pin.capacitance for pin in tiling.macro.inputs if pin.is_clock)
