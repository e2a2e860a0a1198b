"""Operators of a network as nodes of its graph, and how its ends look outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mapper.graph.operator import Operator


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


@dataclass(frozen=True)
class Port:
    """How the file declares an input or output whose tensor in the graph is int8 and NHWC.

    `tensor` is the name in the graph, `name`, `shape` and `dtype` are the file's. `permutation` is
    the transposition (as numpy.transpose takes it) from the file's axes to the graph's.
    """

    tensor: str
    name: str
    shape: tuple[int, ...]
    dtype: Literal["int8", "uint8", "float32"]
    permutation: tuple[int, ...] | None = None
