"""Operators of a network as nodes of its graph, and how its ends look outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from tilewright.mapper.graph.operator import Operator


@dataclass(frozen=True)
class Op:
    """One operator; its class in mapper/operators tells the order of ``inputs``."""

    name: str
    operator: Operator
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The name of the operator's kind in reports."""
        return self.operator.kind


PortType = Literal["int8", "uint8", "int16", "int32", "int64", "float32", "bool"]
"""How a file declares the values of an input or output."""


@dataclass(frozen=True, eq=False)
class State:
    """A value that lasts from inference to inference.

    Tensor ``reads`` holds at the start what tensor ``writes`` was at the end of the inference
    before, and ``initial`` (of the tensors' shape and type) at the first one.
    """

    reads: str
    writes: str
    initial: NDArray[Any]


@dataclass(frozen=True)
class Port:
    """How the file declares an input or output whose tensor in the graph is int8 and NHWC.

    `tensor` is the name in the graph, `name`, `shape` and `dtype` are the file's. `permutation` is
    the transposition (as numpy.transpose takes it) from the file's axes to the graph's, which may
    have more axes, of extent 1.
    """

    tensor: str
    name: str
    shape: tuple[int, ...]
    dtype: PortType
    permutation: tuple[int, ...] | None = None
