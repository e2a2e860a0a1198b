"""The steps that the firmware runs: each kind once, in order of its number in a Program.

From this tuple follow the C structures and the firmware's dispatch (`hw.header`), what the
functional backend executes, the watchdog's bounds and the table in docs/commands.md. A new kind
goes to the end; firmware/kernels has the same arithmetic in C.
"""

from hw.spec.steps.elementwise import (
    ADD,
    DIV,
    LOOKUP,
    MAXIMUM_MINIMUM,
    MUL,
    PRELU,
    REQUANTISE,
    SIGMOID_INT16,
)
from hw.spec.steps.kind import Bound, MainMemory, StepKind, Values
from hw.spec.steps.matrix import FULLY_CONNECTED
from hw.spec.steps.moves import COPY, PAD
from hw.spec.steps.npu import NPU
from hw.spec.steps.reductions import MEAN
from hw.spec.steps.softmax import SOFTMAX
from hw.spec.steps.windows import AVERAGE_POOL_2D, CONV_2D, DEPTHWISE_CONV_2D, MAX_POOL_2D

__all__ = [
    "ADD",
    "AVERAGE_POOL_2D",
    "BY_NAME",
    "CONV_2D",
    "COPY",
    "DEPTHWISE_CONV_2D",
    "DIV",
    "FULLY_CONNECTED",
    "LOOKUP",
    "MAXIMUM_MINIMUM",
    "MAX_POOL_2D",
    "MEAN",
    "MUL",
    "NPU",
    "PAD",
    "PRELU",
    "REQUANTISE",
    "SIGMOID_INT16",
    "SOFTMAX",
    "STEP_KINDS",
    "Bound",
    "MainMemory",
    "StepKind",
    "Values",
]

STEP_KINDS: tuple[StepKind, ...] = (
    NPU,
    CONV_2D,
    DEPTHWISE_CONV_2D,
    FULLY_CONNECTED,
    ADD,
    AVERAGE_POOL_2D,
    MAX_POOL_2D,
    REQUANTISE,
    PAD,
    SOFTMAX,
    COPY,
    MEAN,
    MUL,
    DIV,
    MAXIMUM_MINIMUM,
    PRELU,
    LOOKUP,
    SIGMOID_INT16,
)

BY_NAME = {kind.name: kind for kind in STEP_KINDS}
