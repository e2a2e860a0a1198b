"""The functional backend: executes a Program's image with NumPy, bit for bit, without time.

It reads nothing but the binary image: header, steps, command streams, weights in the order of the
ring. So it proves the mapper's work, and its results are what RTL is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tilewright.hw.spec.commands import Command, decode_stream
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.numerics import Int8Array
from tilewright.hw.spec.program import (
    HEADER_WORDS,
    PROGRAM_MAGIC,
    PROGRAM_VERSION,
    STEP_WORDS,
    Step,
    decode_step,
)
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.steps import NPU
from tilewright.mapper.program.image import npu_config_word
from tilewright.mapper.program.inputs import Tensor, input_parts
from tilewright.mapper.program.program import Location, Program, ProgramPort
from tilewright.sim.functional.memory import Memory
from tilewright.sim.functional.npu import Npu
from tilewright.sim.functional.watched import Read, Watched

_JUNK = 0x5A
"""What memories hold before anything is written."""


@dataclass(frozen=True)
class FunctionalResult:
    """``outputs`` by name in the port's shape and type, and ``states`` as the next inference
    finds them.

    ``events`` has a mapping (`hw.spec.profile.EVENTS`) for each layer, empty for the CPU's, and
    ``trace`` each layer's output tensor by name, when asked for. ``cpu_inputs``: by number of step,
    what an operator on the CPU reads that none before it has written.
    """

    outputs: Mapping[str, Tensor]
    states: Mapping[str, Tensor]
    events: tuple[Mapping[str, int], ...]
    trace: Mapping[str, Int8Array] = field(default_factory=dict[str, Int8Array])
    cpu_inputs: Mapping[int, Sequence[Read]] = field(default_factory=dict[int, Sequence[Read]])


class FunctionalBackend:
    """A Program, decoded once, to be run on many inputs."""

    def __init__(self, program: Program) -> None:
        self.program = program
        image = Memory(np.frombuffer(program.image, dtype=np.int8), program.base, "the image")
        self._steps = _decode_steps(program, image)
        self._streams: dict[int, list[Command]] = {
            step.values["commands"]: _decode_commands(image, step.values["commands"])
            for step in self._steps
            if step.kind == NPU
        }

    def run(self, inputs: Mapping[str, Tensor], *, trace: bool = False) -> FunctionalResult:
        """One inference. ``inputs`` are of the shapes and types of the Program's inputs.

        States that are among them begin with that value, the others with their first one.

        Raises RequestError for a wrong input, CheckError where the Program breaks a rule of the
        hardware (a hazard, an address out of range, an overflow).
        """
        config = self.program.config
        memory = self._loaded_memory(inputs)
        image = (self.program.base, len(self.program.image))
        npu = Npu(config.npu, memory, image)
        watched = Watched(memory.data, memory.base, memory.name, image)
        traced: dict[str, Int8Array] = {}
        cpu_inputs: dict[int, Sequence[Read]] = {}

        def layer_ended(index: int) -> None:
            layer = self.program.layers[index]
            if trace and layer.output is not None:
                traced[layer.tensor] = _read(layer.output, memory, npu.scratchpad)

        for position, step in enumerate(self._steps):
            if step.kind == NPU:
                npu.run(self._streams[step.values["commands"]], layer_ended)
                watched.others_write()
                continue
            step.kind.run(step.values, watched)
            cpu_inputs[position] = watched.taken(step)
            following = self._steps[position + 1 : position + 2]
            if not following or following[0].layer != step.layer:
                layer_ended(step.layer)
        outputs = {port.name: _value(port, memory) for port in self.program.outputs}
        states = {state.port.name: _value(state.port, memory) for state in self.program.states}
        events = tuple(npu.events.get(index, {}) for index in range(len(self.program.layers)))
        return FunctionalResult(outputs, states, events, traced, cpu_inputs)

    def _loaded_memory(self, inputs: Mapping[str, Tensor]) -> Memory:
        program = self.program
        memory = Memory(
            np.full(program.config.soc.memory_bytes, _JUNK, dtype=np.int8),
            MEMORY_BASE,
            "main memory",
        )
        memory.write(program.base, np.frombuffer(program.image, dtype=np.int8))
        for address, data in input_parts(program, inputs):
            memory.write(address, np.frombuffer(data, np.int8))
        return memory


def run_functional(
    program: Program, inputs: Mapping[str, Tensor], *, trace: bool = False
) -> FunctionalResult:
    """Decode a Program and run it once; see `FunctionalBackend.run`."""
    return FunctionalBackend(program).run(inputs, trace=trace)


def _value(port: ProgramPort, memory: Memory) -> Tensor:
    """A copy of what lies at a port."""
    data = memory.read(port.address, port.bytes).tobytes()
    return np.frombuffer(data, port.dtype).reshape(port.shape)


def _decode_steps(program: Program, image: Memory) -> list[Step]:
    words = image.words(program.base, len(HEADER_WORDS))
    header = {name: word for (name, _), word in zip(HEADER_WORDS, words, strict=True)}
    if header["magic"] != PROGRAM_MAGIC or header["version"] != PROGRAM_VERSION:
        raise CheckError(f"{program.name}: the image has no program header of this version")
    if header["npu_config"] not in (0, npu_config_word(program.config)):
        raise CheckError(f"{program.name}: the program was made for another NPU configuration")
    return [
        decode_step(image.words(header["steps_address"] + 4 * STEP_WORDS * index, STEP_WORDS))
        for index in range(header["step_count"])
    ]


def _decode_commands(image: Memory, address: int) -> list[Command]:
    try:
        return decode_stream(image.words(address, (image.end - address) // 4))
    except ValueError as error:
        raise CheckError(f"command stream at {address:#x}: {error}") from None


def _read(location: Location, memory: Memory, scratchpad: Memory) -> Int8Array:
    """A copy of the tensor at a location."""
    source = memory if location.space == "memory" else scratchpad
    count = int(np.prod(location.shape))
    if not location.pixel_pitch:
        return source.read(location.address, count).reshape(location.shape).copy()
    rows, cols, channels = location.shape[1:]
    strides = (location.row_pitch, location.pixel_pitch, 1)
    start = source.offset(location.address, 1)
    view = as_strided(source.data[start:], (rows, cols, channels), strides, writeable=False)
    return view.reshape(location.shape).copy()
