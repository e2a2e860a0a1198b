"""The steps that the firmware runs: each kind once, in order of its number in a Program.

From this tuple follow the C structures and the firmware's dispatch (`hw.header`), what the
functional backend executes, the watchdog's bounds and the table in docs/commands.md. A new kind
goes to the end; firmware/kernels has the same arithmetic in C.
"""

from tilewright.hw.spec.steps.elementwise import (
    ADD,
    ADD_N,
    ARITHMETIC_INT32,
    DIV,
    LOOKUP,
    MAXIMUM_MINIMUM,
    MUL,
    PRELU,
    REQUANTISE,
    SIGMOID_INT16,
)
from tilewright.hw.spec.steps.gru import GRU
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values
from tilewright.hw.spec.steps.logic import CAST, COMPARISON, SELECT
from tilewright.hw.spec.steps.matrix import BATCH_MATMUL, FULLY_CONNECTED
from tilewright.hw.spec.steps.moves import FILL, GATHER, GATHER_ND, MOVE, UPDATE_SLICE
from tilewright.hw.spec.steps.normalisation import CUMSUM, L2_NORMALIZATION, LOG_SOFTMAX
from tilewright.hw.spec.steps.norms import NORMALIZE, REDUCE_NORM
from tilewright.hw.spec.steps.npu import NPU
from tilewright.hw.spec.steps.recurrent import LSTM, SVDF
from tilewright.hw.spec.steps.reductions import ARG_MAX, REDUCE_MAX, REDUCE_SUM, TOP_K
from tilewright.hw.spec.steps.resize import RESIZE_BILINEAR, RESIZE_NEAREST
from tilewright.hw.spec.steps.softmax import SOFTMAX, SOFTMAX_INT16, SOFTMAX_WIDE
from tilewright.hw.spec.steps.windows import (
    AVERAGE_POOL_2D,
    CONV_2D,
    DEPTHWISE_CONV_2D,
    MAX_POOL_2D,
)

__all__ = [
    "ADD",
    "ADD_N",
    "ARG_MAX",
    "ARITHMETIC_INT32",
    "AVERAGE_POOL_2D",
    "BATCH_MATMUL",
    "BY_NAME",
    "CAST",
    "COMPARISON",
    "CONV_2D",
    "CUMSUM",
    "DEPTHWISE_CONV_2D",
    "DIV",
    "FILL",
    "FULLY_CONNECTED",
    "GATHER",
    "GATHER_ND",
    "GRU",
    "L2_NORMALIZATION",
    "LOG_SOFTMAX",
    "LOOKUP",
    "LSTM",
    "MAXIMUM_MINIMUM",
    "MAX_POOL_2D",
    "MOVE",
    "MUL",
    "NORMALIZE",
    "NPU",
    "PRELU",
    "REDUCE_MAX",
    "REDUCE_NORM",
    "REDUCE_SUM",
    "REQUANTISE",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST",
    "SELECT",
    "SIGMOID_INT16",
    "SOFTMAX",
    "SOFTMAX_INT16",
    "SOFTMAX_WIDE",
    "STEP_KINDS",
    "SVDF",
    "TOP_K",
    "UPDATE_SLICE",
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
    SOFTMAX,
    MUL,
    DIV,
    MAXIMUM_MINIMUM,
    PRELU,
    LOOKUP,
    SIGMOID_INT16,
    BATCH_MATMUL,
    SVDF,
    LSTM,
    MOVE,
    FILL,
    GATHER,
    RESIZE_NEAREST,
    RESIZE_BILINEAR,
    REDUCE_SUM,
    REDUCE_MAX,
    ARG_MAX,
    L2_NORMALIZATION,
    LOG_SOFTMAX,
    CUMSUM,
    SOFTMAX_WIDE,
    SOFTMAX_INT16,
    COMPARISON,
    SELECT,
    CAST,
    ARITHMETIC_INT32,
    GATHER_ND,
    ADD_N,
    UPDATE_SLICE,
    TOP_K,
    REDUCE_NORM,
    NORMALIZE,
    GRU,
)

BY_NAME = {kind.name: kind for kind in STEP_KINDS}
