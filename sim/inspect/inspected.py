"""A network as it was looked at: the same for one that runs and for one that is refused."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from tilewright.sim.inspect.weights import WeightFigures
from tilewright.sim.version import origin

SCHEMA = "tilewright.inspect/1"

Status = Literal["npu", "cpu", "free", "understood", "obstacle", "unknown", "unchecked"]
"""Where an operator is computed ("free": it costs nothing); of a network that is refused, what
became of it: "unknown" has no rule, "unchecked" could not be looked at behind an obstacle."""


@dataclass(frozen=True, kw_only=True)
class InspectedOp:
    """An operator.

    Attributes
    ----------
    name: in the file.
    kind: of operator.
    inputs: names of the operators whose results it reads.
    shape: of its result.
    status: where it is computed; of a network that is refused, what became of it.
    macs: products; None where the network is refused.
    weights: of its constants; bytes alone where the network is refused.
    quantisation: in words; None where the network is refused.
    reason: why it is on the CPU, what it is part of, or what is in its way.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...] | None
    status: Status
    reason: str = ""
    macs: int | None = None
    weights: WeightFigures | None = None
    quantisation: str | None = None


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """A network.

    Attributes
    ----------
    name: of the file, without folder and ending.
    path, sha256: of the file.
    macs: products, each once.
    inputs, outputs: names, types and shapes in words; none where the network is refused.
    ops: in the file's order.
    obstacles: why it does not run; none where it does.
    remarks: what a user should know of the import.
    weights: of the whole network, each constant once.
    peak_bytes, peak_at: the most bytes of activations that are alive at once, and the operator at
        which they are.
    peak_sram_bytes: of the scratchpad, as the network is mapped; None where it is not.
    """

    name: str
    path: str
    sha256: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    ops: tuple[InspectedOp, ...]
    obstacles: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    weights: WeightFigures | None = None
    macs: int | None = None
    peak_bytes: int | None = None
    peak_at: str | None = None
    peak_sram_bytes: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        return {"schema": SCHEMA, **origin(), **dataclasses.asdict(self)}
