"""The Program's binary form in main memory: what the firmware walks through.

The image starts at PROGRAM_BASE with a header of 32-bit little-endian words, followed (at
``steps_address``) by fixed-size steps. A step either starts an NPU command stream or runs one
operator on the CPU. Weights, parameter tables, command streams, inputs, outputs and spilled
tensors have absolute addresses in main memory. Activations are int8, NHWC, dense.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

PROGRAM_MAGIC = 0x52_50_57_54
"""``TWPR`` in memory."""

PROGRAM_VERSION = 1

HEADER_WORDS: tuple[tuple[str, str], ...] = (
    ("magic", "PROGRAM_MAGIC."),
    ("version", "PROGRAM_VERSION."),
    ("npu_config", "NPU.CONFIG of the hardware it was made for; 0: needs no NPU."),
    ("step_count", "Number of steps."),
    ("steps_address", "Main memory address of the first step."),
    ("profile_address", "Main memory address of the profile records, or 0."),
    ("times_address", "Main memory address of the steps' time stamps: start, end, sleep each."),
    ("total_address", "Main memory address of the inference's start and end time stamps."),
)
"""Words of the header: name, meaning."""

STEP_WORDS = 32
"""Words of a step: kind, layer, then the parameters of `STEPS`."""

TIME_WORDS = 4
"""Words of a step's times: cycle at start, cycle at end, cycles asleep in between, 0."""


class StepKind(IntEnum):
    """What a step does: a command stream of the NPU, or an operator on the CPU."""

    NPU = 0
    CONV_2D = 1
    DEPTHWISE_CONV_2D = 2
    FULLY_CONNECTED = 3
    ADD = 4
    AVERAGE_POOL_2D = 5
    MAX_POOL_2D = 6
    REQUANTISE = 7
    PAD = 8
    SOFTMAX = 9
    COPY = 10
    MEAN = 11


_IMAGE_IN = ("input", "input_rows", "input_cols", "channels")
_IMAGE_OUT = ("output", "output_rows", "output_cols")
_WINDOW = ("kernel_rows", "kernel_cols", "stride_rows", "stride_cols", "pad_top", "pad_left")
_TABLES = ("weights", "bias", "multipliers", "shifts")
_QUANT = ("input_zero_point", "output_zero_point", "clamp_low", "clamp_high")

STEPS: Mapping[StepKind, tuple[str, ...]] = {
    # commands: main memory address of the stream
    StepKind.NPU: ("commands",),
    # weights [out][kernel_rows][kernel_cols][channels] int8; bias int32 as in the network (zero
    # point not folded in), multipliers int32, shifts int32, one for each output channel
    StepKind.CONV_2D: (*_IMAGE_IN, *_IMAGE_OUT, "output_channels", *_WINDOW, *_TABLES, *_QUANT),
    # weights [kernel_rows][kernel_cols][channels * depth_multiplier]
    StepKind.DEPTHWISE_CONV_2D: (
        *_IMAGE_IN,
        *_IMAGE_OUT,
        "depth_multiplier",
        *_WINDOW,
        *_TABLES,
        *_QUANT,
    ),
    # weights [output_channels][channels]
    StepKind.FULLY_CONNECTED: (
        "input",
        "channels",
        "output",
        "output_channels",
        *_TABLES,
        *_QUANT,
    ),
    StepKind.ADD: (
        "a",
        "b",
        "output",
        "count",
        "a_zero_point",
        "b_zero_point",
        "output_zero_point",
        "a_multiplier",
        "a_shift",
        "b_multiplier",
        "b_shift",
        "output_multiplier",
        "output_shift",
        "clamp_low",
        "clamp_high",
    ),
    StepKind.AVERAGE_POOL_2D: (*_IMAGE_IN, *_IMAGE_OUT, *_WINDOW, "clamp_low", "clamp_high"),
    StepKind.MAX_POOL_2D: (*_IMAGE_IN, *_IMAGE_OUT, *_WINDOW, "clamp_low", "clamp_high"),
    # output = clamp(requantise(input - zero point)): RELU, RELU6, QUANTIZE
    StepKind.REQUANTISE: ("input", "output", "count", "multiplier", "shift", *_QUANT),
    StepKind.PAD: (*_IMAGE_IN, "output", "top", "left", "bottom", "right", "value"),
    # rows x cols; multiplier, left_shift, diff_min as TFLM's SoftmaxParams
    StepKind.SOFTMAX: ("input", "output", "rows", "cols", "multiplier", "left_shift", "diff_min"),
    # chunks of chunk_bytes: concatenation and slices
    StepKind.COPY: (
        "input",
        "output",
        "chunks",
        "chunk_bytes",
        "input_pitch",
        "output_pitch",
    ),
    # mean over rows and cols of each channel
    StepKind.MEAN: (*_IMAGE_IN, "output", "multiplier", "shift", *_QUANT),
}
"""Parameters of each kind, in order, from word 2 of the step."""

for _kind, _names in STEPS.items():
    assert len(_names) <= STEP_WORDS - 2, _kind


@dataclass(frozen=True)
class Step:
    """One step: kind, number of the layer it belongs to (in the Program's layer list), values."""

    kind: StepKind
    layer: int
    values: Mapping[str, int]

    def encode(self) -> list[int]:
        """STEP_WORDS unsigned 32-bit words."""
        names = STEPS[self.kind]
        words = [int(self.kind), self.layer, *(self.values[name] & 0xFFFF_FFFF for name in names)]
        return words + [0] * (STEP_WORDS - len(words))


def decode_step(words: Sequence[int]) -> Step:
    """The step in ``words`` (STEP_WORDS of them); values come back signed."""
    kind = StepKind(words[0])
    values = {
        name: word - (1 << 32) if word >> 31 and name not in ADDRESSES else word
        for name, word in zip(STEPS[kind], words[2:], strict=False)
    }
    return Step(kind, words[1], values)


ADDRESSES = frozenset({"input", "output", "a", "b", "commands", *_TABLES})
"""Parameters that are unsigned main memory addresses."""
