"""Cycles of short programs on the instruction-set simulator, by hand from VexRiscv's Verilog.

What is compared are differences between two programs that differ in a few instructions, in the
second round of a loop, where all code is in its cache.
"""

import pytest

from tests.machine_code import (
    DATA,
    RandomProgram,
    alu,
    begin,
    branch,
    constant,
    image,
    immediate,
    jump,
    jump_register,
    load,
    stamp,
    store,
)
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.settings import load_config
from tilewright.sim.model.cpu.simulator import Iss

A, B, C, D, P, Q, COUNT = 6, 7, 10, 11, 8, 9, 28
NOP = 0x13
CACHED = ("full", "standard", "imac")
EMPTY_DATA_CACHE = 0x500F


def cycles(cpu, latency, *code, before=()):
    """Cycles of ``code``, behind ``before``, from one reading of the clock to the next.

    The stretch is aligned to a line of code and runs twice; the second time counts.
    """
    config = load_config(sets=[f"cpu={cpu}", f"memory_latency={latency}", "npu=none"])
    program = [*begin(), *constant(P, DATA), *constant(Q, DATA + 4096), immediate(0, COUNT, 0, 2)]
    program += [immediate(0, A, 0, 3), immediate(0, B, 0, 5)]
    program += [NOP] * (-len(program) % 8)
    top = len(program)
    program += [*before, *[NOP] * 8, *stamp(0), *[NOP] * 6, *code, *[NOP] * 6, *stamp(1)]
    program += [immediate(0, COUNT, COUNT, -1), branch(1, COUNT, 0, 4 * (top - len(program) - 1))]
    program += [store(2, 0, 30, 8), jump(0, 0)]
    iss = Iss(config, image(program), end_address=0x4001_0008)
    assert iss.run() == "end"
    first, second = (int.from_bytes(iss.read(0x4001_0000 + 4 * i, 4), "little") for i in (0, 1))
    return second - first


def extra(cpu, latency, code, plain, before=()):
    """Cycles by which one stretch takes longer than another of as many instructions."""
    assert len(code) == len(plain)
    return cycles(cpu, latency, *code, before=before) - cycles(cpu, latency, *plain, before=before)


USE = alu(0, C, D, D)


@pytest.mark.parametrize("cpu", CACHED)
@pytest.mark.parametrize(
    ("producer", "waits"),
    [
        (alu(0, D, A, B), 0),
        (load(2, D, P, 0), 2),
        (alu(0, D, A, B, 1), 2),
        (immediate(1, D, A, 3), 1),
        (alu(5, D, A, B), 1),
    ],
    ids=["add", "load", "multiply", "shift left", "shift right"],
)
def test_a_result_is_waited_for(cpu, producer, waits):
    """Loads and products come from write-back, shifts from memory, all else from execute."""
    for distance in range(3):
        between = [NOP] * distance
        code, plain = [producer, *between, USE], [NOP, *between, USE]
        assert extra(cpu, 8, code, plain) == max(waits - distance, 0)


@pytest.mark.parametrize("cpu", CACHED)
def test_a_division_takes_33_cycles_more(cpu):
    assert extra(cpu, 8, [alu(4, D, A, B, 1)], [NOP]) == 33


def test_a_small_core_multiplies_and_shifts_step_by_step():
    """32 cycles for a product; a shift takes a cycle a place, 5 of them by B, none for nothing."""
    assert extra("lite", 8, [alu(0, D, A, B, 1)], [NOP]) == 32
    assert extra("lite", 8, [alu(1, D, A, B)], [NOP]) == 4
    assert extra("lite", 8, [immediate(1, D, A, 31)], [NOP]) == 30
    assert extra("lite", 8, [immediate(1, D, A, 0)], [NOP]) == 0


@pytest.mark.parametrize("cpu", ["full", "lite", "imac"])
def test_jumps(cpu):
    """A predicted jump costs a cycle, a corrected one three; two words are skipped."""
    skip = [NOP, NOP]
    assert extra(cpu, 8, [jump(0, 12), *skip], [NOP] * 3) == 1 - 2
    taken, untaken = branch(0, A, A, 12), branch(1, A, A, 12)
    assert extra(cpu, 8, [taken, *skip], [NOP] * 3) == 3 - 2
    assert extra(cpu, 8, [untaken, *skip], [NOP] * 3) == 0
    here = 0x17 | D << 7
    assert extra(cpu, 8, [here, NOP, NOP, jump_register(0, D, 24), *skip], [NOP] * 6) == 3 - 2


@pytest.mark.parametrize("cpu", ["full", "lite", "imac"])
def test_a_loop_of_three_costs_a_cycle_a_round_and_three_at_its_end(cpu):
    rounds = [immediate(0, D, 0, 4), NOP, immediate(0, D, D, -1), branch(1, D, 0, -8)]
    # 4 rounds of 3, of which the plain stretch has one.
    assert extra(cpu, 8, rounds, [NOP] * 4) == 3 * 3 + 3 * 1 + 3


@pytest.mark.parametrize("cpu", CACHED)
@pytest.mark.parametrize("latency", [1, 8, 64])
def test_a_load_that_misses_waits_for_its_line(cpu, latency):
    """The request leaves a cycle behind write-back, the first word takes the latency and two
    cycles, seven more follow; then the load runs again from execute on."""
    empty = [EMPTY_DATA_CACHE]
    miss = extra(cpu, latency, [load(2, D, P, 0)], [NOP], empty)
    assert miss == latency + 13
    both = [load(2, D, P, 0), load(2, C, P, 28)]
    assert extra(cpu, latency, both, [NOP] * 2, empty) == miss
    assert extra(cpu, latency, [both[0], load(2, C, P, 32)], [NOP] * 2, empty) == 2 * miss


@pytest.mark.parametrize("cpu", CACHED)
def test_lines_4_kib_apart_share_a_place(cpu):
    near, far = load(2, D, P, 0), load(2, D, Q, 0)
    miss = 8 + 13
    empty = [EMPTY_DATA_CACHE]
    assert extra(cpu, 8, [near, far, near, far], [NOP] * 4, empty) == 4 * miss
    assert extra(cpu, 8, [near, near, far, far], [NOP] * 4, empty) == 2 * miss


@pytest.mark.parametrize("cpu", CACHED)
def test_a_store_fetches_no_line_and_is_not_waited_for(cpu):
    empty = [EMPTY_DATA_CACHE]
    assert extra(cpu, 8, [store(2, A, P, 0)] * 6, [NOP] * 6, empty) == 0
    stores = [store(2, A, P, 0), NOP, NOP, NOP, load(2, D, P, 0)]
    assert extra(cpu, 8, stores, [NOP] * 5, empty) == 8 + 13


@pytest.mark.parametrize("cpu", CACHED)
def test_no_more_than_15_stores_are_on_their_way(cpu):
    """The first is the time stamp's, seven instructions before the others. The 16th goes a cycle
    behind its answer, 65 behind its request, instead of 21; two more find room before the bus."""
    quiet = [NOP] * 72
    assert extra(cpu, 64, [store(2, A, P, 0)] * 14, [NOP] * 14, quiet) == 0
    assert extra(cpu, 64, [store(2, A, P, 0)] * 17, [NOP] * 17, quiet) == 65 - 21


@pytest.mark.parametrize("cpu", CACHED)
def test_a_load_right_behind_a_store_to_its_word_runs_twice(cpu):
    """From write-back to fetch, and five stages later it is there again."""
    warm = [load(2, D, P, 0), load(2, D, P, 4)]
    for distance, again in ((0, 5), (1, 5), (2, 0)):
        code = [store(2, A, P, 0), *[NOP] * distance, load(2, D, P, 0)]
        assert extra(cpu, 8, code, [NOP] * len(code), warm) == again
    assert extra(cpu, 8, [store(2, A, P, 0), load(2, D, P, 4)], [NOP] * 2, warm) == 0


@pytest.mark.parametrize("latency", [1, 8, 64])
def test_without_a_data_cache_each_load_waits_for_memory(latency):
    """A request a cycle behind execute, the answer a cycle behind the bus. The next request finds
    the register before the bus free a cycle later."""
    assert extra("lite", latency, [load(2, D, P, 0)], [NOP]) == latency + 1
    assert extra("lite", latency, [load(2, D, P, 0)] * 2, [NOP] * 2) == 2 * (latency + 1) + 1
    assert extra("lite", latency, [store(2, A, P, 0)], [NOP]) == 0


@pytest.mark.parametrize("cpu", CACHED)
@pytest.mark.parametrize("latency", [1, 7, 20])
@pytest.mark.parametrize("bus", [4, 8, 32])
@pytest.mark.parametrize("seed", range(4))
def test_short_cuts_change_no_cycle(cpu, latency, bus, seed):
    _compare(cpu, latency, bus, seed)


@pytest.mark.parametrize("latency", [1, 7, 20])
@pytest.mark.parametrize("seed", range(10))
def test_short_cuts_of_a_small_core_change_no_cycle(latency, seed):
    _compare("lite", latency, 8, seed)


def _compare(cpu, latency, bus, seed):
    program = RandomProgram(seed, data_cache=cpu != "lite")
    sets = [f"cpu={cpu}", f"memory_latency={latency}", f"bus_bytes={bus}", "npu=none"]
    address, size = program.results
    results = []
    for every_cycle in (False, True):
        iss = Iss(
            load_config(sets=sets),
            program.memory[: 4 * len(program.code)],
            [(MEMORY_BASE, program.memory)],
            address + size - 4,
            every_cycle=every_cycle,
        )
        assert iss.run() == "end"
        results.append(iss.read(address, size))
    assert results[0] == results[1]
