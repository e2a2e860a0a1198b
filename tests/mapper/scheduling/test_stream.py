from tilewright.hw.spec.commands import Command, Opcode
from tilewright.mapper.scheduling.stream import CommandStream
from tilewright.mapper.works.work import Emitted


def load(stream, start, end):
    stream.transfer(Command(Opcode.LOAD, {}), (start, end))


def store(stream, start, end):
    stream.transfer(Command(Opcode.STORE, {}), (start, end))


def compute(stream, reads, writes):
    stream.compute(Emitted(Command(Opcode.ELEMENTWISE, {}), (reads,), (writes,)))


def waits(stream):
    return [item.wait for item in stream.items]


def test_compute_waits_for_its_inputs_only():
    stream = CommandStream()
    load(stream, 0, 10)
    load(stream, 10, 20)
    compute(stream, (0, 10), (40, 50))
    compute(stream, (10, 20), (50, 60))
    assert waits(stream) == [0, 0, 1, 2]


def test_a_load_waits_until_its_place_has_been_read():
    stream = CommandStream()
    load(stream, 0, 10)
    compute(stream, (0, 10), (40, 50))
    compute(stream, (20, 30), (30, 40))
    load(stream, 9, 12)
    load(stream, 35, 36)
    assert waits(stream) == [0, 1, 1, 1, 2]


def test_a_store_waits_for_the_result_and_the_next_writer_for_the_store():
    stream = CommandStream()
    compute(stream, (0, 10), (10, 20))
    store(stream, 10, 20)
    compute(stream, (10, 20), (30, 40))  # reading beside a STORE is allowed
    compute(stream, (0, 10), (19, 25))
    assert waits(stream) == [0, 1, 0, 1]


def test_nothing_waits_twice_for_the_same():
    stream = CommandStream()
    load(stream, 0, 10)
    compute(stream, (0, 10), (40, 50))
    compute(stream, (0, 10), (50, 60))
    assert waits(stream) == [0, 1, 1]
