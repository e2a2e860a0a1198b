"""What is laid into main memory before an inference besides the Program: inputs and states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.program.program import Program, ProgramPort

Tensor = NDArray[Any]


def input_parts(program: Program, inputs: Mapping[str, Tensor]) -> list[tuple[int, bytes]]:
    """Return (address, bytes) of each input and state.

    A state that is not among ``inputs`` has its first value. Raises RequestError where an input is
    missing or something has another shape or type.
    """
    parts: list[tuple[int, bytes]] = []
    for port in program.inputs:
        if port.name not in inputs:
            raise RequestError(f"{program.name}: the input '{port.name}' is missing")
        parts.append(_part(program.name, port, inputs[port.name]))
    for state in program.states:
        value = inputs.get(state.port.name, state.initial)
        parts.append(_part(program.name, state.port, value))
    return parts


def _part(network: str, port: ProgramPort, value: Tensor) -> tuple[int, bytes]:
    if value.shape != port.shape or value.dtype != port.dtype:
        raise RequestError(
            f"{network}: input '{port.name}' is {value.dtype} {value.shape}; "
            f"{port.dtype} {port.shape} is needed"
        )
    return port.address, value.astype(value.dtype.newbyteorder("<")).tobytes()
