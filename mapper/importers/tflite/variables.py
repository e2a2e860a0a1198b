"""Resource variables of a file become states: values that last from inference to inference.

VAR_HANDLE names a variable, CALL_ONCE runs the subgraph that initialises it, READ_VARIABLE and
ASSIGN_VARIABLE use it. A variable that is read and then assigned is a state of the network; what is
read after the assignment is the assigned tensor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.importers.tflite.flatbuffer import FileNetwork, FileOperator

_OPERATORS = frozenset({"CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"})


@dataclass(frozen=True)
class FileState:
    """A variable: at the start ``reads`` is what ``writes`` was at the end of the inference before.

    ``initial`` is its value at the first one, None where the file gives none.
    """

    reads: int
    writes: int
    initial: NDArray[Any] | None = None


@dataclass(frozen=True)
class Resolved:
    """A network without variables, its states, and tensors that are constants after all."""

    network: FileNetwork
    states: tuple[FileState, ...]
    constants: Mapping[int, NDArray[Any]]


def resolve_variables(file: str, network: FileNetwork) -> Resolved:
    """Separate variables from the network. Raises RequestError where one has no name."""
    if not any(operator.name in _OPERATORS for operator in network.operators):
        return Resolved(network, (), {})
    initial = _initial_values(file, network)
    handles = _handles(file, network)
    first: dict[str, int] = {}
    current: dict[str, int] = {}
    alias: dict[int, int] = {}
    kept: list[FileOperator] = []
    for operator in network.operators:
        inputs = tuple(alias.get(index, index) for index in operator.inputs)
        if operator.name not in _OPERATORS:
            kept.append(replace(operator, inputs=inputs))
        elif operator.name == "READ_VARIABLE":
            name, target = _variable(file, operator, handles), operator.outputs[0]
            alias[target] = current.setdefault(name, target)
            first.setdefault(name, current[name])
        elif operator.name == "ASSIGN_VARIABLE":
            name = _variable(file, operator, handles)
            current[name] = inputs[1]
    states: list[FileState] = []
    constants: dict[int, NDArray[Any]] = {}
    for name, reads in first.items():
        if current[name] != reads:
            states.append(FileState(reads, current[name], initial.get(name)))
        elif name in initial:
            constants[reads] = initial[name]
        else:
            raise RequestError(
                f"{file}: variable '{name}' is read but never assigned: export the network again"
            )
    outputs = tuple(alias.get(index, index) for index in network.outputs)
    trimmed = replace(network, operators=tuple(kept), outputs=outputs)
    return Resolved(trimmed, tuple(states), constants)


def _handles(file: str, network: FileNetwork) -> dict[int, str]:
    """The variable's name of each resource tensor."""
    found: dict[int, str] = {}
    for operator in network.operators:
        if operator.name == "VAR_HANDLE":
            name = operator.options["SharedName"] or b""
            if not name:
                raise RequestError(f"{file}: operator {operator.index} (VAR_HANDLE) has no name")
            container = operator.options["Container"] or b""
            found[operator.outputs[0]] = (container + b"/" + name).decode("utf-8", "replace")
    return found


def _variable(file: str, operator: FileOperator, handles: Mapping[int, str]) -> str:
    count = 2 if operator.name == "ASSIGN_VARIABLE" else 1
    needed = operator.inputs[:count]
    if len(needed) < count or min(needed) < 0 or needed[0] not in handles:
        raise RequestError(
            f"{file}: operator {operator.index} ({operator.name}) names no variable: its first "
            "input must come from VAR_HANDLE; export the network again"
        )
    return handles[needed[0]]


def _initial_values(file: str, network: FileNetwork) -> dict[str, NDArray[Any]]:
    """What the subgraphs that CALL_ONCE names assign."""
    values: dict[str, NDArray[Any]] = {}
    for operator in network.operators:
        if operator.name != "CALL_ONCE":
            continue
        number = int(operator.options["InitSubgraphIndex"])
        if not 0 < number < len(network.subgraphs):
            raise RequestError(
                f"{file}: operator {operator.index} (CALL_ONCE) calls subgraph {number} of "
                f"{len(network.subgraphs)}: export the network again"
            )
        called = network.subgraphs[number]
        handles = _handles(file, called)
        for inner in called.operators:
            if inner.name == "VAR_HANDLE":
                continue
            assigns = inner.name == "ASSIGN_VARIABLE" and min(inner.inputs, default=-1) >= 0
            name = _variable(file, inner, handles) if assigns else ""
            data = called.tensors[inner.inputs[1]].data if assigns else None
            if data is None:
                raise RequestError(
                    f"{file}: subgraph {number}, operator {inner.index} ({inner.name}): "
                    "variables may be initialised with constants only"
                )
            values[name] = np.asarray(data)
    return values
