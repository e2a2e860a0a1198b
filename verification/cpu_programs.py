"""Programs of single operators for the CPU, made by hand: what `verification.cpu_costs` times.

Many small steps share one image. Tensors are seeded noise; each has lines of the cache of its own,
and the seed moves them, so that no two of them always meet in the same place of the data cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from firmware.build import build_firmware
from hw.spec.commands import BODY, Command, Opcode
from hw.spec.config import Config
from hw.spec.errors import TilewrightError
from hw.spec.numerics import Int8Array
from hw.spec.profile import RECORD, RECORD_BYTES, RECORD_WORDS
from hw.spec.program import (
    HEADER_WORDS,
    PROGRAM_MAGIC,
    PROGRAM_VERSION,
    STEP_WORDS,
    TIME_WORDS,
    Step,
)
from hw.spec.registers import EXIT_STATUS, FIRMWARE_BYTES, PROGRAM_BASE
from hw.spec.softmax import softmax_parameters
from hw.spec.steps import (
    ADD,
    CONV_2D,
    COPY,
    DEPTHWISE_CONV_2D,
    FULLY_CONNECTED,
    MEAN,
    NPU,
    PAD,
    REQUANTISE,
    SOFTMAX,
    StepKind,
)
from sim.model.cpu.paths import Paths, operator_paths
from sim.model.cpu.softmax import softmax_paths
from verification.cosim.build import build_model
from verification.cosim.simulate import Job, simulate

_LINE = 32
STEP_HEAD_WORDS = 2
"""Words of a step in front of its values: kind and layer."""

_STEPS_ADDRESS = PROGRAM_BASE + 4 * len(HEADER_WORDS)
_ZERO_POINT, _CLAMPED_ZERO_POINT = 9, -3000
_MULTIPLIER = 0
"""Nothing is left of a sum but the output's zero point, so that nothing is clamped by chance."""
_WORST_CYCLES_A_STEP = 4_000_000


def _command(opcode: Opcode, **values: int) -> Command:
    return Command(opcode, {field.name: values.get(field.name, 0) for field in BODY[opcode]})


NPU_STREAM = (
    _command(Opcode.ELEMENTWISE, run_bytes=1000, output_cols=1, output_rows=1),
    _command(Opcode.MARK),
    _command(Opcode.END),
)


@dataclass(frozen=True)
class Times:
    """Cycles of each step, and from the last one's end ``back`` to the end of the inference.

    ``asleep``: of them, those that the CPU sleeps. ``marks``: of each NPU step, from its start to
    the MARK of its stream.
    """

    steps: list[int]
    asleep: list[int]
    marks: list[int]
    back: int


@dataclass
class Bench:
    """Steps and their tensors in main memory; steps are added by operator.

    Attributes
    ----------
    steps: in the order in which they run.
    shift: of every rescaling that the operators have no parameter for.
    clamped: whether all outputs of the next operators are raised to their lower limit.
    """

    seed: int = 1
    shift: int = -7
    clamped: bool = False
    steps: list[Step] = field(default_factory=list[Step])

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        self._data = bytearray()

    def npu(self) -> None:
        """A short stream on the accelerator."""
        words = np.array([w for command in NPU_STREAM for w in command.encode()], np.uint32)
        self._add(NPU, {"commands": self._place(words)})

    def conv_2d(
        self,
        size: tuple[int, int, int],
        outputs: int,
        kernel: tuple[int, int] = (1, 1),
        stride: tuple[int, int] = (1, 1),
        pad: tuple[int, int, int, int] = (0, 0, 0, 0),
    ) -> None:
        """``size``: rows, columns, channels; ``pad``: top, left, bottom, right."""
        values = self._window(size, outputs, kernel, stride, pad)
        values |= self._tables(outputs, outputs * kernel[0] * kernel[1] * size[2]) | self._quant()
        self._add(CONV_2D, values | {"output_channels": outputs})

    def depthwise_conv_2d(
        self,
        size: tuple[int, int, int],
        kernel: tuple[int, int] = (3, 3),
        stride: tuple[int, int] = (1, 1),
        pad: tuple[int, int, int, int] = (1, 1, 1, 1),
        multiplier: int = 1,
    ) -> None:
        """As `conv_2d`, with ``multiplier`` output channels for each channel."""
        outputs = size[2] * multiplier
        values = self._window(size, outputs, kernel, stride, pad)
        values |= self._tables(outputs, outputs * kernel[0] * kernel[1]) | self._quant()
        self._add(DEPTHWISE_CONV_2D, values | {"depth_multiplier": multiplier})

    def fully_connected(self, channels: int, outputs: int) -> None:
        """A dense layer."""
        values = {"input": self._noise(channels), "output": self._noise(outputs)}
        values |= self._tables(outputs, outputs * channels) | self._quant()
        sizes = {"channels": channels, "output_channels": outputs}
        self._add(FULLY_CONNECTED, values | sizes)

    def pool_2d(
        self,
        kind: StepKind,
        size: tuple[int, int, int],
        kernel: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        pad: tuple[int, int, int, int] = (0, 0, 0, 0),
    ) -> None:
        """AVERAGE_POOL_2D or MAX_POOL_2D."""
        values = self._window(size, size[2], kernel, stride, pad)
        self._add(kind, values | {"clamp_low": -128, "clamp_high": 127})

    def mean(self, size: tuple[int, int, int], shift: int = -7) -> None:
        """Over rows and columns."""
        values = self._image(size) | {"output": self._noise(size[2])}
        rescaling = {"multiplier": _MULTIPLIER, "shift": shift}
        self._add(MEAN, values | rescaling | self._quant())

    def add(self, count: int, shifts: tuple[int, int, int] = (-1, -1, -19)) -> None:
        """``shifts``: of both inputs and the output."""
        values = {name: self._noise(count) for name in ("a", "b", "output")} | {"count": count}
        for name, shift in zip(("a", "b", "output"), shifts, strict=True):
            values |= {f"{name}_multiplier": _MULTIPLIER, f"{name}_shift": shift}
        values |= {"a_zero_point": 3, "b_zero_point": -2} | self._quant()
        del values["input_zero_point"]
        self._add(ADD, values)

    def requantise(self, count: int, shift: int = -1) -> None:
        """Element by element."""
        values = {"input": self._noise(count), "output": self._noise(count), "count": count}
        rescaling = {"multiplier": _MULTIPLIER, "shift": shift}
        self._add(REQUANTISE, values | rescaling | self._quant())

    def pad(self, size: tuple[int, int, int], pad: tuple[int, int, int, int]) -> None:
        """``pad``: top, left, bottom, right."""
        top, left, bottom, right = pad
        rows, cols, channels = size
        padded = (rows + top + bottom) * (cols + left + right) * channels
        values = self._image(size) | {"output": self._noise(padded), "value": -5}
        self._add(PAD, values | {"top": top, "left": left, "bottom": bottom, "right": right})

    def copy(self, chunks: int, chunk_bytes: int, pitch: int = 0, skew: int = 0) -> None:
        """``pitch`` of the output, ``skew`` of its address."""
        pitch = pitch or chunk_bytes
        values = {
            "input": self._noise(chunks * chunk_bytes),
            "output": self._noise(chunks * pitch + skew) + skew,
            "chunks": chunks,
            "chunk_bytes": chunk_bytes,
            "input_pitch": chunk_bytes,
            "output_pitch": pitch,
        }
        self._add(COPY, values)

    def softmax(self, logits: NDArray[np.int8], scale: float) -> None:
        """``logits``: rows x columns, in units of ``scale``."""
        p = softmax_parameters(scale)
        rows, cols = logits.shape
        values = {"input": self._place(logits), "output": self._noise(rows * cols)}
        values |= {"rows": rows, "cols": cols, "diff_min": p.smallest_difference}
        values |= {"multiplier": p.multiplier, "left_shift": p.left_shift}
        self._add(SOFTMAX, values)

    @staticmethod
    def values_address(number: int) -> int:
        """Address of the first value of step ``number``."""
        return _STEPS_ADDRESS + 4 * (STEP_WORDS * number + STEP_HEAD_WORDS)

    def inputs(self, number: int) -> Int8Array | None:
        """What step ``number`` reads, where that decides on its paths."""
        step = self.steps[number]
        if step.kind is not SOFTMAX:
            return None
        size = step.values["rows"] * step.values["cols"]
        return np.frombuffer(self.bytes_at(step.values["input"], size), np.int8)

    def paths(self, number: int) -> Paths:
        """Those of step ``number``, an operator."""
        step = self.steps[number]
        inputs = self.inputs(number)
        return operator_paths(step) if inputs is None else softmax_paths(step, inputs)

    def bytes_at(self, address: int, count: int) -> bytes:
        """What lies there before the run."""
        begin = address - self._tensors
        return bytes(self._data[begin : begin + count])

    def image(self, firmware: bytes) -> bytes:
        """Main memory from MEMORY_BASE on."""
        times = _STEPS_ADDRESS + 4 * STEP_WORDS * len(self.steps)
        total = times + 4 * TIME_WORDS * len(self.steps)
        header = {
            "magic": PROGRAM_MAGIC,
            "version": PROGRAM_VERSION,
            "npu_config": 0,
            "step_count": len(self.steps),
            "steps_address": _STEPS_ADDRESS,
            "profile_address": self._profile,
            "times_address": times,
            "total_address": total,
        }
        words = [header[name] for name, _ in HEADER_WORDS]
        for step in self.steps:
            words += step.encode()
        head = np.array(words, np.uint32).tobytes()
        room = self._tensors - PROGRAM_BASE
        return firmware.ljust(FIRMWARE_BYTES, b"\0") + head.ljust(room, b"\0") + bytes(self._data)

    def run(self, config: Config) -> Times:
        """On the chip. Raises TilewrightError when the run fails."""
        count = len(self.steps)
        times = _STEPS_ADDRESS + 4 * STEP_WORDS * count
        ranges = [(times, 4 * TIME_WORDS * count), (times + 4 * TIME_WORDS * count, 8)]
        on_npu = [number for number, step in enumerate(self.steps) if step.kind == NPU]
        ranges.append((self._profile, RECORD_BYTES * max(len(on_npu), 1)))
        memory = self.image(build_firmware(config))
        with TemporaryDirectory() as folder:
            job = Job(config, memory, ranges, _WORST_CYCLES_A_STEP * count)
            outcome = simulate(build_model(config).executable, job, Path(folder))
        if outcome.reason != "finished" or outcome.status != EXIT_STATUS["success"]:
            raise TilewrightError(f"the benchmark did not finish: {outcome.reason}\n{outcome.uart}")
        stamps, total, profile = (
            np.frombuffer(part, np.uint32).astype(np.int64) for part in outcome.memory
        )
        starts, ends, asleep = stamps.reshape(-1, TIME_WORDS)[:, :3].T
        marked = profile.reshape(-1, RECORD_WORDS)[: len(on_npu), RECORD.index("time")]
        return Times(
            steps=(ends - starts).tolist(),
            asleep=asleep.tolist(),
            marks=(marked - starts[on_npu]).tolist(),
            back=int(total[1] - ends[-1]),
        )

    @property
    def _profile(self) -> int:
        """Address of the profile records: the second half of the room for what is no tensor."""
        return PROGRAM_BASE + 0x1_0000

    @property
    def _tensors(self) -> int:
        """Address of the first tensor: behind room for the header, steps, times and records."""
        return PROGRAM_BASE + 0x2_0000

    def _add(self, kind: StepKind, values: Mapping[str, int]) -> None:
        self.steps.append(Step(kind, len(self.steps), values))

    def _place(self, tensor: NDArray[np.int8] | NDArray[np.int32] | NDArray[np.uint32]) -> int:
        gap = _LINE * int(self._rng.integers(1, 40))
        self._data.extend(bytes(-len(self._data) % _LINE + gap))
        address = self._tensors + len(self._data)
        self._data.extend(np.ascontiguousarray(tensor).tobytes())
        return address

    def _noise(self, count: int) -> int:
        return self._place(self._rng.integers(-128, 128, max(count, 1), dtype=np.int8))

    def _quant(self) -> dict[str, int]:
        zero_point = _CLAMPED_ZERO_POINT if self.clamped else _ZERO_POINT
        zero_points = {"input_zero_point": -4, "output_zero_point": zero_point}
        return zero_points | {"clamp_low": -128, "clamp_high": 127}

    def _image(self, size: Sequence[int]) -> dict[str, int]:
        rows, cols, channels = size
        values = {"input_rows": rows, "input_cols": cols, "channels": channels}
        return values | {"input": self._noise(rows * cols * channels)}

    def _window(
        self,
        size: tuple[int, int, int],
        outputs: int,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        pad: tuple[int, int, int, int],
    ) -> dict[str, int]:
        rows = (size[0] + pad[0] + pad[2] - kernel[0]) // stride[0] + 1
        cols = (size[1] + pad[1] + pad[3] - kernel[1]) // stride[1] + 1
        values = {"output": self._noise(rows * cols * outputs)}
        values |= {"output_rows": rows, "output_cols": cols}
        values |= {"kernel_rows": kernel[0], "kernel_cols": kernel[1]}
        values |= {"stride_rows": stride[0], "stride_cols": stride[1]}
        return values | {"pad_top": pad[0], "pad_left": pad[1]} | self._image(size)

    def _tables(self, outputs: int, weights: int) -> dict[str, int]:
        bias = self._rng.integers(-500, 500, outputs).astype(np.int32)
        return {
            "weights": self._noise(weights),
            "bias": self._place(bias),
            "multipliers": self._place(np.full(outputs, _MULTIPLIER, np.int32)),
            "shifts": self._place(np.full(outputs, self.shift, np.int32)),
        }
