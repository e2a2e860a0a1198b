"""What a run computes: rows of inputs from a file or from arrays, or a seeded signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.program.inputs import Tensor
from tilewright.sim.networks.inputs import (
    SYNTHETIC_INPUT,
    Array,
    default_inputs,
    load_rows,
    rows_of,
)

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Inferences:
    """What is computed: ``rows`` of inputs by tensor, one an inference, and ``remarks`` on them.

    Each begins with the states that the one before left, with ``reset_state`` with the first ones.
    """

    rows: Sequence[Tensors]
    remarks: tuple[str, ...] = ()
    reset_state: bool = False


def inferences_of(
    graph: Graph, given: Path | Mapping[str, Array] | None, *, reset_state: bool = False
) -> Inferences:
    """Those of a .npy or .npz file or of arrays by name; of a seeded signal where None is given.

    Raises RequestError as `load_rows` does.
    """
    remarks: tuple[str, ...] = ()
    if given is None:
        rows, remarks = [default_inputs(graph)], (SYNTHETIC_INPUT,)
    elif isinstance(given, Path):
        rows = load_rows(graph, given)
    else:
        rows = rows_of(graph, given, "input: ")
    return Inferences(rows=rows, remarks=remarks, reset_state=reset_state)
