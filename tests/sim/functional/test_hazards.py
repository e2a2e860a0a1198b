import pytest

from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.errors import CheckError
from tilewright.sim.functional.hazards import Access, HazardCheck


def load(wait, start, end):
    return Command(Opcode.LOAD, {}, wait), Access(writes=((start, end),))


def store(wait, start, end):
    return Command(Opcode.STORE, {}, wait), Access(reads=((start, end),))


def add(wait, reads, writes):
    return Command(Opcode.ELEMENTWISE, {}, wait), Access(reads=(reads,), writes=(writes,))


def check(*commands):
    hazards = HazardCheck()
    for command, access in commands:
        hazards.check(command, access)


def test_reading_what_is_being_loaded():
    check(load(0, 0, 8), add(1, (0, 8), (8, 16)))
    with pytest.raises(CheckError, match=r"bytes 4\.\.7 .* transfer 0"):
        check(load(0, 0, 8), add(0, (4, 12), (16, 24)))


def test_storing_what_is_being_computed():
    check(add(0, (0, 8), (8, 16)), store(1, 8, 16))
    with pytest.raises(CheckError, match="compute command 0"):
        check(add(0, (0, 8), (8, 16)), store(0, 15, 20))


def test_writing_over_what_is_being_stored():
    with pytest.raises(CheckError, match="transfer 0"):
        check(add(0, (0, 8), (8, 16)), store(1, 8, 16), add(0, (0, 8), (8, 16)))


def test_loading_over_what_is_being_read():
    with pytest.raises(CheckError, match="compute command 0"):
        check(add(0, (0, 8), (8, 16)), load(0, 7, 9))


def test_reading_beside_a_store_is_allowed():
    check(add(0, (0, 8), (8, 16)), store(1, 8, 16), add(0, (8, 16), (16, 24)))


def test_an_earlier_wait_of_the_same_queue_counts():
    check(load(0, 0, 8), add(1, (0, 8), (8, 16)), add(0, (0, 8), (16, 24)))


def test_waiting_for_what_comes_later():
    with pytest.raises(CheckError, match="only 1 come before"):
        check(load(0, 0, 8), add(2, (0, 8), (8, 16)))


def test_counts_wrap():
    hazards = HazardCheck()
    for _ in range(65540):
        hazards.check(*load(0, 0, 0))
    hazards.check(*load(0, 0, 8))
    hazards.check(*add(65541 % 65536, (0, 8), (8, 16)))
