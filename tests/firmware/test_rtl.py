"""The whole firmware on the chip: operators, time stamps, sleep, stale caches, every way to end."""

import numpy as np
import pytest

from tests.firmware.cases import PLAIN_CONV, random_factors, random_int8
from tests.firmware.cases import Image as Window
from tests.firmware.images import TIMES_ADDRESS, TOTAL_ADDRESS, Image, copy_step, step_times
from tilewright.firmware.build import CPU_FEATURES, build_firmware, compile_firmware
from tilewright.firmware.elf import symbols
from tilewright.hw.spec import kernels as reference
from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.fields import encode
from tilewright.hw.spec.program import Step
from tilewright.hw.spec.registers import EXIT_STATUS, MEMORY_BASE, NPU
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.soc_config import SMALL_CPUS
from tilewright.hw.spec.softmax import softmax, softmax_parameters
from tilewright.hw.spec.steps import AVERAGE_POOL_2D, CONV_2D, SOFTMAX
from tilewright.hw.spec.steps import NPU as NPU_STEP
from tilewright.verification.cosim.build import build_model
from tilewright.verification.cosim.simulate import Job, Outcome, simulate

pytestmark = pytest.mark.rtl

CYCLE_LIMIT = 2_000_000
SMALL_CPU_LIMIT = 20_000_000
"""Without caches and multiplier."""
LOAD_ACCESS_FAULT = 5
NPU_CONFIG = NPU.register("CONFIG").fields


def run(config: Config, image: Image, folder, ranges=()) -> Outcome:
    """Outcome with the steps' times, the total, then ``ranges`` in its memory."""
    times = [(TIMES_ADDRESS, 16 * len(image.steps)), (TOTAL_ADDRESS, 8)]
    memory = image.memory(build_firmware(config))
    executable = build_model(config).executable
    limit = SMALL_CPU_LIMIT if config.soc.cpu in SMALL_CPUS else CYCLE_LIMIT
    return simulate(executable, Job(config, memory, [*times, *ranges], limit), folder)


def small_network(rng) -> tuple[Image, int, np.ndarray]:
    """Convolution, average over the image, softmax: (image, address of the result, result)."""
    window = Window(size=(7, 6), kernel=(3, 2), stride=(2, 1), padding=(1, 0, 1, 1))
    channels, outputs = 3, 5
    x, weights = random_int8(rng, 1, 7, 6, channels), random_int8(rng, outputs, 3, 2, channels)
    bias = rng.integers(-500, 500, outputs).astype(np.int32)
    multipliers, shifts = random_factors(rng, outputs)
    shifts[:] = -7
    image = Image()
    pixels = image.place(np.zeros((*window.output, outputs), np.int8))
    averages, result = (image.place(np.zeros(outputs, np.int8)) for _ in range(2))
    conv = {
        "input": image.place(x),
        "output": pixels,
        "output_channels": outputs,
        "weights": image.place(weights),
        "bias": image.place(bias),
        "multipliers": image.place(multipliers),
        "shifts": image.place(shifts),
        "input_zero_point": -4,
        "output_zero_point": 9,
        "clamp_low": -128,
        "clamp_high": 127,
        **PLAIN_CONV,
        **window.values(channels),
    }
    whole = Window(size=window.output, kernel=window.output, stride=(1, 1), padding=(0, 0, 0, 0))
    pool = {"input": pixels, "output": averages, "clamp_low": -128, "clamp_high": 127}
    pool["element_bytes"] = 1
    p = softmax_parameters(0.25)
    last = {"multiplier": p.multiplier, "left_shift": p.left_shift}
    last |= {"diff_min": p.smallest_difference, "rows": 1, "cols": outputs}
    image.steps = [
        Step(CONV_2D, 0, conv),
        Step(AVERAGE_POOL_2D, 1, {**pool, **whole.values(outputs)}),
        Step(SOFTMAX, 2, {"input": averages, "output": result, **last}),
    ]
    padding, stride = window.padding, window.stride
    sums = reference.conv_2d(x, weights, bias, input_zero_point=-4, stride=stride, padding=padding)
    y = nm.requantise(sums, multipliers, shifts, 9)
    y = reference.average_pool_2d(y, window=whole.kernel, stride=(1, 1), padding=(0, 0, 0, 0))
    return image, result, softmax(y.reshape(-1), p)


@pytest.mark.parametrize(
    "cpu", ["full", *(pytest.param(c, marks=pytest.mark.slow) for c in CPU_FEATURES if c != "full")]
)
def test_network_on_the_cpu(cpu, tmp_path):
    image, address, expected = small_network(np.random.default_rng(1))
    config = load_config("cpu-only", None, [f"cpu={cpu}"])
    outcome = run(config, image, tmp_path, [(address, expected.size)])
    assert (outcome.reason, outcome.status) == ("finished", EXIT_STATUS["success"])
    times, total, result = outcome.memory
    assert result == expected.tobytes()
    starts, ends, asleep, zero = zip(*step_times(times, len(image.steps)), strict=True)
    begin, end = np.frombuffer(total, np.uint32).tolist()
    assert starts == (begin, *ends[:-1]), "a step starts where the one before ends"
    assert list(starts) == sorted(starts)
    assert 0 <= end - ends[-1] < (1000 if cpu in SMALL_CPUS else 100)
    assert set(asleep) | set(zero) == {0}
    lines = outcome.uart.splitlines()
    assert lines[0] == "Tilewright"
    assert lines[1] == f"step 0 cpu, layer 0: {ends[0] - starts[0]}"
    assert lines[-1] == f"total: {end - begin} cycles"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("magic", 0x1234, "program magic is 0x00001234, must be 0x52505754"),
        ("version", 99, "program version is 0x00000063, must be 0x00000002"),
        ("npu_config", 0x08100808, "program NPU configuration is 0x08100808, must be 0x00000000"),
    ],
)
def test_program_that_does_not_fit_is_refused(name, value, message, tmp_path):
    outcome = run(load_config("cpu-only"), Image(header={name: value}), tmp_path)
    assert (outcome.reason, outcome.status) == ("finished", EXIT_STATUS["bad_program"])
    assert outcome.uart.splitlines()[-1] == message


def test_unknown_kind_of_step_is_refused(tmp_path):
    image = Image(steps=[Step(NPU_STEP, 7, {"commands": MEMORY_BASE})])
    outcome = run(load_config("cpu-only"), image, tmp_path)
    assert outcome.status == EXIT_STATUS["bad_program"]
    assert outcome.uart.splitlines()[-1] == "step 0, layer 7: cannot run kind 0"


def test_trap_leaves_its_registers(tmp_path):
    nowhere = 0x1000_0000
    image = Image(steps=[copy_step(0, nowhere, MEMORY_BASE + 0x30000, 4)])
    config = load_config("cpu-only")
    outcome = run(config, image, tmp_path)
    assert (outcome.reason, outcome.status) == ("finished", EXIT_STATUS["trap"])
    cause, pc, value = outcome.trap
    assert (cause, value) == (LOAD_ACCESS_FAULT, nowhere)
    places = symbols(compile_firmware(config, tmp_path).read_bytes())
    function = max((place, name) for name, place in places.items() if place <= pc)[1]
    assert function in ("memcpy", "move", "walk")


def stream(image: Image, *commands: Command) -> int:
    words = [word for command in commands for word in command.encode()]
    return image.place(np.array(words, np.uint32))


def transfer(opcode: Opcode, memory: int, size: int, wait: int = 0) -> Command:
    values = {"memory_address": memory, "scratchpad_address": 64, "row_bytes": size, "rows": 1}
    return Command(opcode, {**values, "memory_pitch": 0, "scratchpad_pitch": 0}, wait)


def npu_image(config: Config) -> Image:
    values = {field.name: getattr(config.npu, field.name) for field in NPU_CONFIG}
    return Image(header={"npu_config": encode(NPU_CONFIG, values, 1)[0]})


@pytest.mark.parametrize("preset", ["default", pytest.param("tiny", marks=pytest.mark.slow)])
def test_npu_step_sleeps_and_leaves_no_stale_data(preset, tmp_path):
    config = load_config(preset)
    size = 512
    rng = np.random.default_rng(2)
    old, new = random_int8(rng, size), random_int8(rng, size)
    image = npu_image(config)
    source, shared = image.place(new), image.place_buffer(old)
    before, after = (image.place(np.zeros(size, np.int8)) for _ in range(2))
    load, store = (transfer(o, a, size) for o, a in ((Opcode.LOAD, source), (Opcode.STORE, shared)))
    commands = stream(image, load, store, Command(Opcode.END, {}))
    image.steps = [
        copy_step(0, shared, before, size),
        Step(NPU_STEP, 1, {"commands": commands}),
        Step(NPU_STEP, 2, {"commands": stream(image, Command(Opcode.END, {}))}),
        copy_step(3, shared, after, size),
    ]
    outcome = run(config, image, tmp_path, [(before, size), (after, size)])
    assert (outcome.reason, outcome.status) == ("finished", EXIT_STATUS["success"])
    times, _, first, second = outcome.memory
    assert first == old.tobytes()
    assert second == new.tobytes(), "the CPU read what its cache held before the NPU wrote"
    asleep = [step[2] for step in step_times(times, len(image.steps))]
    durations = [step[1] - step[0] for step in step_times(times, len(image.steps))]
    assert asleep[0] == asleep[3] == 0
    if CPU_FEATURES[config.soc.cpu].wfi_sleeps:
        assert 64 < asleep[1] < durations[1]
    else:
        assert asleep == [0] * 4
    assert durations[2] < 600, "an empty stream costs start, interrupt and acknowledgement"
    assert outcome.uart.splitlines()[2] == f"step 1 npu, layer 1: {durations[1]}"


def test_npu_error_is_reported(tmp_path):
    config = load_config("default")
    image = npu_image(config)
    commands = image.place(np.array([0xEE], np.uint32))
    image.steps = [Step(NPU_STEP, 4, {"commands": commands})]
    outcome = run(config, image, tmp_path)
    assert (outcome.reason, outcome.status) == ("finished", EXIT_STATUS["npu_error"])
    message = f"step 0, layer 4: NPU error 1, commands at {commands:#010x}"
    assert outcome.uart.splitlines()[-1] == message


def test_other_npu_is_refused(tmp_path):
    config = load_config("default")
    image = npu_image(config)
    found = image.header["npu_config"]
    image.header["npu_config"] += 1
    outcome = run(config, image, tmp_path)
    assert outcome.status == EXIT_STATUS["bad_program"]
    message = f"program NPU configuration is {found + 1:#010x}, must be {found:#010x}"
    assert outcome.uart.splitlines()[-1] == message
