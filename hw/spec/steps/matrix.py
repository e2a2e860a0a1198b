"""Steps that are matrix products."""

from __future__ import annotations

from hw.spec import kernels
from hw.spec.steps.images import QUANT, TABLES, write_requantised
from hw.spec.steps.kind import Bound, MainMemory, StepKind, Values


def _fully_connected(v: Values, memory: MainMemory) -> None:
    shape = (v["output_channels"], v["channels"])
    sums = kernels.fully_connected(
        memory.read(v["input"], shape[1]),
        memory.read(v["weights"], shape[0] * shape[1]).reshape(shape),
        memory.int32(v["bias"], shape[0]),
        input_zero_point=v["input_zero_point"],
    )
    write_requantised(v, memory, sums)


def _fully_connected_bound(v: Values) -> Bound:
    return Bound(v["output_channels"], v["output_channels"] * v["channels"])


FULLY_CONNECTED = StepKind(
    "FULLY_CONNECTED",
    # weights [output_channels][channels]
    ("input*", "channels", "output*", "output_channels", *TABLES, *QUANT),
    _fully_connected,
    _fully_connected_bound,
)
