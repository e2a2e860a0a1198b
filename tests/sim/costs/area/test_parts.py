import pytest

from tilewright.sim.costs.area import Area
from tilewright.sim.costs.area.parts import block_of


@pytest.mark.parametrize(
    ("path", "block"),
    [
        ("", "bus"),
        ("arbiter.owners", "bus"),
        ("cpu.core", "cpu"),
        ("uart.registers", "peripherals"),
        ("npu", "commands"),
        ("npu.memory.fetch.fifo", "commands"),
        ("npu.memory.scratchpad", "scratchpad"),
        ("npu.memory.weights.queue", "weight_ring"),
        ("npu.compute", "control"),
        ("npu.compute.counters", "control"),
        ("npu.compute.array.row_3", "array"),
    ],
)
def test_an_instance_belongs_to_the_block_with_the_longest_path(path, block):
    assert block_of(path) == block


def test_memories_and_logic_are_summed_apart():
    area = Area({"array": 10.0, "cpu": 5.0, "scratchpad_sram": 7.0}, "yosys")
    assert (area.logic_ge, area.memory_ge, area.total_ge) == (15.0, 7.0, 22.0)
