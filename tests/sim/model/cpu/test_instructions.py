"""What instructions do on the instruction-set simulator: by hand, and as another hart does it."""

import numpy as np
import pytest

from tests.machine_code import (
    RandomProgram,
    alu,
    branch,
    constant,
    image,
    immediate,
    jump,
    jump_register,
    load,
    store,
)
from tests.sim.model.cpu.machine import Machine
from tilewright.hw.spec.errors import TilewrightError
from tilewright.hw.spec.registers import MEMORY_BASE, TIMER
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.soc_config import CPU_VARIANTS
from tilewright.sim.model.cpu.simulator import Iss

OUT = MEMORY_BASE + 0x400
A, B, RESULT, POINTER = 5, 6, 7, 8
"""Registers."""

pytestmark = pytest.mark.parametrize("cpu", CPU_VARIANTS)


def run(cpu, *instructions):
    """The word that these store at OUT, where POINTER shows; the store of RESULT ends the run."""
    code = [*constant(POINTER, OUT), *instructions, store(2, RESULT, POINTER, 4), jump(0, 0)]
    iss = Iss(load_config(sets=[f"cpu={cpu}", "npu=none"]), image(code), end_address=OUT + 4)
    assert iss.run() == "end"
    return int.from_bytes(iss.read(OUT, 4), "little"), iss.state().value


@pytest.mark.parametrize(
    ("group", "kind", "a", "b", "expected"),
    [
        (0, 0, 7, -9, -2),
        (0x20, 0, 7, 9, -2),
        (0, 1, 3, 33, 6),
        (0, 2, -1, 1, 1),
        (0, 3, -1, 1, 0),
        (0, 4, 0b1100, 0b1010, 0b0110),
        (0, 5, -16, 2, 0x3FFF_FFFC),
        (0x20, 5, -16, 2, -4),
        (0, 6, 0b1100, 0b1010, 0b1110),
        (0, 7, 0b1100, 0b1010, 0b1000),
        (1, 0, -3, 5, -15),
        (1, 1, -(1 << 31), 6, -3),
        (1, 2, -1, -1, -1),
        (1, 3, -1, -1, -2),
        (1, 4, -7, 2, -3),
        (1, 4, 7, 0, -1),
        (1, 4, -(1 << 31), -1, -(1 << 31)),
        (1, 5, -7, 2, 0x7FFF_FFFC),
        (1, 5, 7, 0, -1),
        (1, 6, -7, 2, -1),
        (1, 6, -7, 0, -7),
        (1, 6, -(1 << 31), -1, 0),
        (1, 7, -7, 4, 1),
        (1, 7, 7, 0, 7),
    ],
)
def test_arithmetic_of_registers(cpu, group, kind, a, b, expected):
    code = [*constant(A, a & 0xFFFF_FFFF), *constant(B, b & 0xFFFF_FFFF)]
    assert run(cpu, *code, alu(kind, RESULT, A, B, group))[1] == expected & 0xFFFF_FFFF


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (0, -5, -21),
        (1, 4, -256),
        (2, -15, 1),
        (3, 1, 0),
        (4, -1, 15),
        (5, 4, 0x0FFF_FFFF),
        (5, 0x404, -1),
        (6, 5, -11),
        (7, 0xFF, 0xF0),
    ],
)
def test_arithmetic_with_a_constant(cpu, kind, value, expected):
    code = [*constant(A, -16 & 0xFFFF_FFFF), immediate(kind, RESULT, A, value)]
    assert run(cpu, *code)[1] == expected & 0xFFFF_FFFF


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(0, 0xFFFF_FF85), (1, 0xFFFF_8485), (2, 0x8283_8485), (4, 0x85), (5, 0x8485)],
)
def test_loads(cpu, kind, expected):
    code = [*constant(A, 0x8283_8485), store(2, A, POINTER), load(kind, RESULT, POINTER, 0)]
    assert run(cpu, *code)[1] == expected


@pytest.mark.parametrize(
    ("kind", "expected"), [(0, 0x1111_1185), (1, 0x1111_8485), (2, 0x8283_8485)]
)
def test_stores(cpu, kind, expected):
    code = [*constant(A, 0x1111_1111), store(2, A, POINTER)]
    code += [*constant(A, 0x8283_8485), store(kind, A, POINTER), load(2, RESULT, POINTER, 0)]
    assert run(cpu, *code) == (expected, expected)


@pytest.mark.parametrize(
    ("kind", "a", "b", "taken"),
    [
        (0, 1, 1, True),
        (0, 1, 2, False),
        (1, 1, 2, True),
        (4, -1, 1, True),
        (5, -1, 1, False),
        (5, 1, 1, True),
        (6, -1, 1, False),
        (7, -1, 1, True),
    ],
)
def test_branches(cpu, kind, a, b, taken):
    code = [*constant(A, a & 0xFFFF_FFFF), *constant(B, b), immediate(0, RESULT, 0, 1)]
    code += [branch(kind, A, B, 8), immediate(0, RESULT, RESULT, 4)]
    assert run(cpu, *code)[1] == (1 if taken else 5)


def test_a_loop(cpu):
    """3 + 2 + 1."""
    body = [alu(0, RESULT, RESULT, A), immediate(0, A, A, -1), branch(1, A, 0, -8)]
    assert run(cpu, immediate(0, A, 0, 3), immediate(0, RESULT, 0, 0), *body)[1] == 6


def test_jumps_keep_where_they_came_from(cpu):
    """Two words for POINTER, then the jump, whose link is the word behind it."""
    over = [jump(RESULT, 8), 0xFFFF_FFFF]
    assert run(cpu, *over)[1] == MEMORY_BASE + 3 * 4
    back = [*constant(A, MEMORY_BASE + 6 * 4 + 2), jump_register(RESULT, A, -1), 0xFFFF_FFFF]
    assert run(cpu, *back)[1] == MEMORY_BASE + 5 * 4


def test_upper_constants(cpu):
    assert run(cpu, 0x1234_5037 | RESULT << 7)[1] == 0x1234_5000
    assert run(cpu, 0x1000 | 0x17 | RESULT << 7)[1] == MEMORY_BASE + 8 + 0x1000


def test_a_csr_is_set_cleared_and_read(cpu):
    """mie: 0x888 of 0xFFF is written, then a bit of it taken away."""
    write = immediate(1, 0, A, 0x304, 0x73)
    clear = immediate(7, RESULT, 8, 0x304, 0x73)
    read = immediate(2, B, 0, 0x304, 0x73)
    found = run(cpu, immediate(0, A, 0, -1), write, clear, read, store(2, B, POINTER))
    assert found == (0xFFFF_FFF7, 0xFFFF_FFFF)


def test_what_the_core_lacks_is_refused(cpu):
    with pytest.raises(
        TilewrightError, match="the CPU does not have the instruction at 0x40000008"
    ):
        run(cpu, 0xFFFF_FFFF)
    with pytest.raises(TilewrightError, match="an access of the CPU to nothing, at 0x400"):
        run(cpu, load(2, A, POINTER, 1))
    with pytest.raises(TilewrightError, match="no register at 0xf"):
        run(cpu, *constant(A, 0xF123_4000), load(2, RESULT, A, 0))
    with pytest.raises(TilewrightError, match="no CSR 0x7c0"):
        run(cpu, immediate(2, RESULT, 0, 0x7C0, 0x73))


class Hart(Machine):
    """With memory past the cache at its second address, and a clock that tells given times."""

    def __init__(self, memory, times):
        super().__init__(memory, 0x2_0000)
        self._times = iter(times)

    def load(self, pc, address, size):
        if address == TIMER.base + TIMER.register("CYCLES").offset:
            return next(self._times)
        return super().load(pc, address & ~(1 << 31), size)

    def store(self, address, size, value):
        if address >> 28 == 0xF:
            self.stopped = True
        else:
            super().store(address & ~(1 << 31), size, value)


@pytest.mark.parametrize("seed", range(8))
def test_random_programs_leave_what_another_hart_leaves(cpu, seed):
    """Registers, and all data; what the clock said is told to the other one."""
    program = RandomProgram(seed, data_cache=cpu != "lite")
    address, size = program.results
    config = load_config(sets=[f"cpu={cpu}", "npu=none"])
    code = program.memory[: 4 * len(program.code)]
    parts = [(MEMORY_BASE, program.memory)]
    iss = Iss(config, code, parts, end_address=address + size - 4)
    assert iss.run() == "end"
    stamps = np.frombuffer(iss.read(address, size), np.uint32)[: program.stamps]
    assert (np.diff(stamps.astype(np.int64)) > 0).all()
    hart = Hart(program.memory, stamps.tolist())
    hart.run()
    assert iss.read(MEMORY_BASE, 0x2_0000) == bytes(hart.memory)
