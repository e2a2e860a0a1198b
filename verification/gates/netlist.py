"""The chip as cells of a library and SRAM, flat: `verification.gates.mapping` makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NETLIST = "netlist.json"
ZERO, ONE = 0, 1
"""Nets that are constant; what need not be known is one of them."""

_REGISTER = "$reg"


@dataclass(frozen=True, slots=True)
class Instance:
    """A cell in its place.

    Attributes:
        path: names below the chip's top, with dots; of a register's cell, those of its signal.
        cell: name in the library.
        pins: net of each pin.
        signal, bit: what a flip-flop holds, by the RTL's name from the top; "" where the RTL has
            no name for it.
    """

    name: str
    path: str
    cell: str
    pins: Mapping[str, int]
    signal: str = ""
    bit: int = 0


@dataclass(frozen=True, slots=True)
class ReadPort:
    """Nets of a port that reads at the rising edge where it is enabled.

    Attributes:
        signals: signal of the RTL, and bit of it, that each bit of the data is.
    """

    enable: int
    address: tuple[int, ...]
    data: tuple[int, ...]
    signals: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class WritePort:
    """Nets of a port that writes the enabled bits at the rising edge."""

    enables: tuple[int, ...]
    address: tuple[int, ...]
    data: tuple[int, ...]


@dataclass(frozen=True)
class Memory:
    """SRAM of ``words`` of ``bits``; ``path`` from the top, its own name at the end."""

    path: str
    words: int
    bits: int
    reads: tuple[ReadPort, ...]
    writes: tuple[WritePort, ...]


@dataclass(frozen=True)
class Netlist:
    """Nets are numbers below ``nets``; ZERO and ONE are constant.

    Attributes:
        inputs, outputs: nets of the chip's ports, lowest bit first.
        modules: of the RTL: each instance below the chip's top by its path, and its module.
    """

    nets: int
    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]
    instances: tuple[Instance, ...]
    memories: tuple[Memory, ...]
    modules: Mapping[str, str]


def read_netlist(folder: Path) -> Netlist:
    """The netlist that the mapping left in ``folder``."""
    data = json.loads((folder / NETLIST).read_text())
    numbers: dict[int, int] = {ZERO: ZERO, ONE: ONE}

    def net(number: int) -> int:
        return numbers.setdefault(number, len(numbers))

    def nets(listed: list[int]) -> tuple[int, ...]:
        return tuple(net(number) for number in listed)

    inputs = {name: nets(listed) for name, listed in data["inputs"].items()}
    outputs = {name: nets(listed) for name, listed in data["outputs"].items()}
    instances: list[Instance] = []
    for name, path, cell, pins in data["cells"]:
        connections = {pin: net(number) for pin, number in pins.items()}
        signal, bit = "", 0
        if name.endswith(_REGISTER):
            signal, bit = _signal(name.removesuffix(_REGISTER))
            path = signal
        instances.append(Instance(name, path, cell, connections, signal, bit))
    memories = tuple(
        _memory(part, {pin: nets(listed) for pin, listed in part["pins"].items()})
        for part in data["memories"]
    )
    return Netlist(len(numbers), inputs, outputs, tuple(instances), memories, data["instances"])


def _signal(name: str) -> tuple[str, int]:
    """Signal and bit of ``signal[bit]``; of a bit without a name, "" and 0."""
    signal, _, index = name.rpartition("[")
    # Yosys marks names that begin with a dollar sign, as its own do.
    return (signal.replace("\\", ""), int(index[:-1])) if signal else ("", 0)


def _memory(part: Mapping[str, Any], pins: Mapping[str, tuple[int, ...]]) -> Memory:
    """Of Yosys' $mem_v2, whose ports lie one behind the other."""
    values = part["parameters"]
    bits, address = values["WIDTH"], values["ABITS"]
    signals = [_signal(name) for name in part["read"]]

    def nets(pin: str, port: int, width: int) -> tuple[int, ...]:
        return pins[pin][port * width : (port + 1) * width]

    reads = tuple(
        ReadPort(
            pins["RD_EN"][port],
            nets("RD_ADDR", port, address),
            nets("RD_DATA", port, bits),
            tuple(signals[port * bits : (port + 1) * bits]),
        )
        for port in range(values["RD_PORTS"])
    )
    writes = tuple(
        WritePort(
            nets("WR_EN", port, bits), nets("WR_ADDR", port, address), nets("WR_DATA", port, bits)
        )
        for port in range(values["WR_PORTS"])
    )
    return Memory(part["name"], values["SIZE"], bits, reads, writes)
