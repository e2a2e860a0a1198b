"""A Program of one hand-made command stream, so that all backends can run it."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.hw.npu.commands import random_elementwise
from tests.hw.npu.moves import random_move, runs
from tests.hw.npu.reference import Reference
from tests.memory_map import PROGRAM_BASE
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.profile import RECORD_BYTES
from tilewright.hw.spec.program import TIME_WORDS, Step
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.steps import NPU
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.memory import align
from tilewright.mapper.program.bound import stream_bound
from tilewright.mapper.program.image import Image, encode_stream, npu_config_word, npu_limit
from tilewright.mapper.program.program import Location, Program, ProgramLayer, ProgramPort
from tilewright.mapper.scheduling.stream import CommandStream
from tilewright.mapper.works.work import Emitted

_LINE = 64
_QUANT = Quant((1.0,), (0,))


class StreamMemory:
    """Main memory of a stream: the input and the output, each of so many bytes."""

    def __init__(self, config: Config, input_bytes: int, output_bytes: int) -> None:
        top = MEMORY_BASE + config.main_memory_bytes
        self.output = top - align(output_bytes, _LINE)
        self.input = self.output - align(input_bytes, _LINE)
        self.sizes = input_bytes, output_bytes


def stream_program(config: Config, memory: StreamMemory, commands: Sequence[Command]) -> Program:
    """A Program that runs ``commands``; each MARK ends a layer."""
    marks = sum(command.opcode is Opcode.MARK for command in commands)
    total = memory.input - _LINE
    times = total - align(4 * TIME_WORDS, _LINE)
    profile = times - align(RECORD_BYTES * marks, _LINE)
    image = Image(PROGRAM_BASE, 1)
    step = Step(NPU, 0, {"commands": image.place(encode_stream(commands, ["stream"]))})
    header = {
        "npu_config": npu_config_word(config),
        "profile_address": profile,
        "times_address": times,
        "total_address": total,
        "npu_limit": npu_limit([stream_bound(commands, config)]),
    }
    input_bytes, output_bytes = memory.sizes
    output = Location("memory", memory.output, (output_bytes,))
    layers = [
        ProgramLayer(f"part {i}", "stream", "npu", 0, (), "", "output", output, 1)
        for i in range(marks)
    ]
    return Program(
        name="stream",
        config=config,
        base=PROGRAM_BASE,
        image=image.finish([step], header),
        steps=(step,),
        layers=layers,
        inputs=(ProgramPort("input", memory.input, (input_bytes,), "int8", _QUANT),),
        outputs=(ProgramPort("output", memory.output, (output_bytes,), "int8", _QUANT),),
        states=(),
        memory_plan=(),
        peak_sram_bytes=config.npu.scratchpad_bytes,
        profile_address=profile,
        profile_records=marks,
        times_address=times,
        total_address=total,
        weight_bytes=0,
        macs=0,
        cycle_bounds=(stream_bound(commands, config),),
    )


def random_moves_program(
    rng: random.Random, config: Config, count: int
) -> tuple[Program, bytes, bytes]:
    """Random MOVEs with an ADD now and then between them, and transfers beside them.

    Returns Program, input and the output that it must give.
    """
    size = config.npu.scratchpad_bytes
    assert size >= 4096
    memory = StreamMemory(config, size, 100 * count)
    given, scratchpad = rng.randbytes(size), bytearray(size)
    result = bytearray(100 * count)
    stream = CommandStream()
    _load(stream, memory, scratchpad, given, 0, size)
    done = 0
    for number in range(count):
        half = rng.choice([range(2000), range(2000, 4096)])
        other = range(2000) if half.start else range(2000, 4096)
        if rng.random() < 0.2:
            drawn = random_elementwise(rng, config.npu)
            command = Command(drawn.opcode, {**drawn.values, "table": 0})
            Reference(config.npu, scratchpad).run(command, [])
            stream.compute(_elementwise_spans(command))
        else:
            move = random_move(rng, read=half, write=other, most=60)
            Reference(config.npu, scratchpad).run(move, [])
            stream.compute(_move_spans(move))
        if rng.random() < 0.5:
            _load(stream, memory, scratchpad, given, rng.randint(0, 3900), rng.randint(1, 190))
        for _ in range(rng.choice([0, 1, 1, 2])):
            stored, place = rng.randint(1, 50), rng.randint(0, 4000)
            command = _transfer(Opcode.STORE, memory.output + done, place, stored)
            stream.transfer(command, (place, place + stored))
            result[done : done + stored] = scratchpad[place : place + stored]
            done += stored
        if number % 4 == 3:
            stream.mark(number // 4)
    if count % 4:
        stream.mark(count // 4)
    rest = min(len(result) - done, size)
    stream.transfer(_transfer(Opcode.STORE, memory.output + done, 0, rest), (0, rest))
    result[done : done + rest] = scratchpad[:rest]
    stream.end()
    return stream_program(config, memory, stream.items), given, bytes(result)


def _transfer(opcode: Opcode, address: int, place: int, size: int) -> Command:
    values = {
        "memory_address": address,
        "scratchpad_address": place,
        "row_bytes": size,
        "rows": 1,
        "memory_pitch": 0,
        "scratchpad_pitch": 0,
    }
    return Command(opcode, values)


def _load(
    stream: CommandStream,
    memory: StreamMemory,
    scratchpad: bytearray,
    given: bytes,
    place: int,
    size: int,
) -> None:
    """The input's bytes of the same place."""
    stream.transfer(
        _transfer(Opcode.LOAD, memory.input + place, place, size), (place, place + size)
    )
    scratchpad[place : place + size] = given[place : place + size]


def _elementwise_spans(c: Command) -> Emitted:
    rows, cols = c["output_rows"], c["output_cols"]
    spans: list[tuple[int, int]] = []
    for name in ("a", "b", "output"):
        last = (rows - 1) * c[f"{name}_row_pitch"] + (cols - 1) * c[f"{name}_pixel_pitch"]
        start = c[f"{name}_address"]
        spans.append((start, start + last + c["run_bytes"]))
    return Emitted(c, tuple(spans[:2]), tuple(spans[2:]))


def _move_spans(move: Command) -> Emitted:
    sources, targets = zip(*runs(move), strict=True)
    read, written = (
        ((min(starts), max(starts) + move["run_bytes"]),) for starts in (sources, targets)
    )
    return Emitted(move, () if move["fill"] else read, written)
