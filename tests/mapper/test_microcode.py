"""What the mapper leaves out where the control is microprogrammed."""

import pytest

from tests.random_networks import random_microcode_config, random_network
from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.steps import NPU
from tilewright.mapper.compile import compile_model
from tilewright.mapper.program.program import Program
from tilewright.mapper.works.demands import MAX_MICROCODE_ROWS, Demands, window_objection

SEEDS = range(40)


def programs() -> list[Program]:
    config = random_microcode_config(4)
    return [compile_model(random_network(seed), config) for seed in SEEDS]


@pytest.fixture(scope="module", name="mapped")
def _mapped() -> list[Program]:
    return programs()


def test_no_command_that_it_lacks(mapped: list[Program]) -> None:
    seen: set[Opcode] = set()
    for program in mapped:
        for step in program.steps:
            if step.kind != NPU:
                continue
            for command in program.commands(step):
                seen.add(command.opcode)
                assert not command.values.get("paired", 0)
                assert not command.values.get("maximum", 0)
                assert not (command.values.get("stream", 0) and command["tiles"] > 1)
    lacks = {Opcode.ELEMENTWISE, Opcode.TABLE, Opcode.MOVE, Opcode.SOFTMAX, Opcode.LSTM}
    assert seen == set(Opcode) - lacks


def test_the_cpu_computes_the_rest_and_the_report_says_why(mapped: list[Program]) -> None:
    reasons = {layer.op: layer.reason for program in mapped for layer in program.layers}
    assert reasons["ADD"] == "control = microcode has no ADD"
    assert reasons["MAX_POOL_2D"] == "control = microcode has no MAX_POOL_2D"


def test_nothing_lies_in_the_memory_that_is_the_scratchpad(mapped: list[Program]) -> None:
    for program in mapped:
        config = program.config
        end = MEMORY_BASE + config.soc.memory_bytes - config.npu.scratchpad_bytes
        uses = [use for use in program.memory_plan if use.space == "memory"]
        assert all(use.address + use.bytes <= end for use in uses)
        assert program.base + len(program.image) <= end


def test_blocks_beyond_the_limit_and_tall_images_go_to_the_cpu() -> None:
    config = load_config("icebreaker").npu
    fits = Demands(
        left_shift=0, largest_sum=1, block_words=4086, depthwise=False, rows=9, runs=3, before=1,
        apart=False,
    )  # fmt: skip
    assert window_objection(fits, config) is None
    larger = window_objection(fits.__class__(**{**vars(fits), "block_words": 4087}), config)
    assert larger == (
        "a block of its weights needs 16388 bytes, more than weight_buffer_bytes = 16384"
    )
    tall = fits.__class__(**{**vars(fits), "rows": MAX_MICROCODE_ROWS + 1})
    assert window_objection(tall, config) == "1024 rows exceed 1023 with control = microcode"
    assert window_objection(tall, load_config().npu) is None
    apart = fits.__class__(**{**vars(fits), "apart": True})
    assert window_objection(apart, config).startswith("control = microcode reads whole kernel rows")
    assert window_objection(apart, load_config().npu) is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"control": "quantum"}, "control = 'quantum': must be hardwired or microcode"),
        ({"rows": 8}, "rows = 8: must be 4 with control = microcode"),
        ({"cols": 32}, r"cols = 32: must be 2\.\.31 with control = microcode"),
        ({"scratchpad_bytes": 131072}, r"scratchpad_bytes = 131072: must be a power of two, 4096"),
        ({"memory_bytes": 4 << 20}, "memory_bytes = 4194304: must be"),
    ],
)
def test_what_cannot_be_built_is_refused(values: dict[str, int | str], message: str) -> None:
    known = {"control": "microcode", "rows": 4, "bus_bytes": 4, "memory_bytes": 262144}
    assert make_config(known).npu.port_bytes == 4
    with pytest.raises(RequestError, match=message):
        make_config(known | values)
