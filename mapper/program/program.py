"""The Program: what all backends run, and what reports need to know about it."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.commands import Command, decode_stream
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.program import Step
from tilewright.mapper.graph.operator import Slide
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.placement.layer import Engine
from tilewright.mapper.works.tilings import Extents


@dataclass(frozen=True)
class Location:
    """Where a tensor lies: dense when the pitches are 0, else rows and pixels are apart.

    ``shape`` is the tensor's. ``address`` is absolute in main memory, or within the scratchpad.
    """

    space: Literal["memory", "scratchpad"]
    address: int
    shape: tuple[int, ...]
    pixel_pitch: int = 0
    row_pitch: int = 0


@dataclass(frozen=True)
class ProgramPort:
    """A network input or output, or the place of a state: dense, in main memory."""

    name: str
    address: int
    shape: tuple[int, ...]
    dtype: str
    quant: Quant | None

    @property
    def bytes(self) -> int:
        """The bytes that it takes."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True, eq=False)
class ProgramState:
    """A value that lasts from inference to inference: where it lies, and what it is at first."""

    port: ProgramPort
    initial: NDArray[Any]


@dataclass(frozen=True)
class ProgramLayer:
    """A layer of the report. ``covers`` are the operators of the imported graph it computes.

    ``output`` is where the tensor ``tensor`` lies when the layer has ended; None where it is never
    whole, in a cascade. ``shape`` is the output's, ``inputs`` those of its activations, ``slide``
    tells of its window, ``tile`` is the largest tile on the accelerator: rows, columns and channels
    of the output, ``live`` the share of its weights that are not zero: 1 where it has none.
    """

    name: str
    op: str
    engine: Engine
    macs: int
    covers: tuple[str, ...]
    reason: str
    tensor: str
    output: Location | None
    tiles: int
    shape: tuple[int, ...] = ()
    inputs: tuple[tuple[int, ...], ...] = ()
    slide: Slide | None = None
    tile: Extents | None = None
    live: float = 1.0


@dataclass(frozen=True)
class MemoryUse:
    """Bytes of a memory that hold a buffer from layer ``first`` to layer ``last``."""

    name: str
    space: Literal["memory", "scratchpad"]
    address: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class Program:
    """A network mapped onto a configuration.

    ``image`` is to be placed at ``base``; what lies between its end and the buffers, and the
    buffers, may hold anything. ``cycle_bounds`` has one entry a step. ``peak_sram_bytes`` is the
    most scratchpad in use at a time, staging areas included.
    """

    name: str
    config: Config
    base: int
    image: bytes
    steps: Sequence[Step]
    layers: Sequence[ProgramLayer]
    inputs: Sequence[ProgramPort]
    outputs: Sequence[ProgramPort]
    states: Sequence[ProgramState]
    memory_plan: Sequence[MemoryUse]
    peak_sram_bytes: int
    profile_address: int
    profile_records: int
    times_address: int
    total_address: int
    weight_bytes: int
    macs: int
    cycle_bounds: Sequence[int]

    @property
    def step_kinds(self) -> Set[str]:
        """Names of the kinds of steps that the firmware has to know."""
        return {step.kind.name for step in self.steps}

    @property
    def words(self) -> Sequence[int]:
        """The image as 32-bit words."""
        return memoryview(self.image[: len(self.image) // 4 * 4]).cast("I")

    def commands(self, step: Step) -> list[Command]:
        """The command stream of a step of the NPU."""
        return decode_stream(self.words[(step.values["commands"] - self.base) // 4 :])

    @property
    def cycle_bound(self) -> int:
        """Cycles within which the inference must have ended."""
        return sum(self.cycle_bounds)
