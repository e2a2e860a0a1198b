"""What is sent to the chip's tables, and what is there already."""

from tilewright.hw.spec.commands import TABLE_WORDS
from tilewright.mapper.scheduling.held_tables import HeldTables

A, B, C = (bytes([n]) * 256 for n in range(3))
EXPONENTIALS, OTHERS = b"e" * 400, b"o" * 1024


def slot_of(held: HeldTables, table: bytes) -> int | None:
    place = held.bring(table, exponentials=False)
    if place is None:
        return None
    assert place["words"] == TABLE_WORDS
    return place["slot"]


def words_of(held: HeldTables, words: bytes) -> int | None:
    place = held.bring(words, exponentials=True)
    if place is None:
        return None
    assert place["slot"] == 0
    return place["words"]


def test_two_functions_stay_and_the_one_in_use_last_is_kept():
    held = HeldTables()
    assert [slot_of(held, table) for table in (A, A)] == [0, None]
    assert held.slot(A) == 0
    assert slot_of(held, B) == 1
    assert (held.slot(B), held.slot(A)) == (1, 0)
    assert [slot_of(held, table) for table in (A, B)] == [None, None]
    assert slot_of(held, C) == 1
    assert slot_of(held, B) == 1


def test_exponentials_take_the_place_of_functions_and_the_other_way_round():
    held = HeldTables()
    assert [words_of(held, EXPONENTIALS) for _ in range(2)] == [100, None]
    assert words_of(held, OTHERS) == 256
    assert slot_of(held, A) == 0
    assert words_of(held, OTHERS) == 256
    assert slot_of(held, A) is not None
