"""Grants of the bus, against turns counted by hand."""

import pytest

from sim.model.bus import FETCH, RECORD, TRANSFERS, WEIGHTS, Bus

FETCH_BEATS = 4


def times(bus, client):
    grants = bus.clients[client].granted
    return [grants.time(index) for index in range(grants.count)]


@pytest.fixture
def bus():
    """Behind its first fetches, which it makes in cycles 1 to 4: the first turn is the fetch's."""
    bus = Bus(fetch_beats=FETCH_BEATS, ring_beats=64, record_gap=3)
    bus.advance(10)
    assert times(bus, FETCH) == [1, 2, 3, 4]
    return bus


def test_who_is_alone_gets_every_cycle(bus):
    bus.weights.ask(20, 5)
    bus.clients[RECORD].ask(40, 3)
    bus.advance_all()
    assert times(bus, WEIGHTS) == [20, 21, 22, 23, 24]
    assert times(bus, RECORD) == [40, 43, 46]


def test_transfers_get_three_turns_of_four_beside_weights(bus):
    bus.clients[TRANSFERS].ask(20, 6)
    bus.weights.ask(20, 3)
    bus.advance_all()
    assert times(bus, TRANSFERS) == [20, 21, 22, 24, 25, 26]
    assert times(bus, WEIGHTS) == [23, 27, 28]


def test_a_record_comes_first_but_in_the_turn_of_another(bus):
    """Turns of cycles 20..23: fetch, record, transfers, weights."""
    bus.weights.ask(20, 6)
    bus.clients[RECORD].ask(23, 2)
    bus.advance_all()
    assert times(bus, WEIGHTS) == [20, 21, 22, 23, 25, 26]
    assert times(bus, RECORD) == [24, 27]


def test_the_fetch_learns_of_room_a_cycle_late(bus):
    """Of four places four are taken: one pop is not enough for a request, two are for two."""
    bus.fetch.pop(30)
    bus.advance(60)
    assert bus.fetch.granted.count == 4
    bus.fetch.pop(70)
    bus.advance(90)
    assert times(bus, FETCH)[4:] == [72, 73]


def test_fetches_end(bus):
    bus.end_fetch(50)
    for time in (60, 61, 62):
        bus.fetch.pop(time)
    bus.advance_all()
    assert bus.fetch.granted.count == 4


def test_weights_wait_for_room(bus):
    """64 at once, then as room comes: 4 more from cycle 200 on, one every second cycle."""
    bus.weights.ask(20, 100)
    bus.weights.free(4, 200, 206)
    bus.advance_all()
    assert times(bus, WEIGHTS)[:64] == list(range(20, 84))
    assert times(bus, WEIGHTS)[64:] == [200, 202, 204, 206]


def test_a_region_of_weights_begins_a_cycle_behind_the_last(bus):
    bus.weights.ask(20, 2)
    bus.weights.ask(10, 2)
    bus.advance_all()
    assert times(bus, WEIGHTS) == [20, 21, 23, 24]


def test_grants_are_counted_up_to_a_cycle(bus):
    bus.clients[TRANSFERS].ask(20, 6)
    bus.weights.ask(20, 2)
    bus.advance_all()
    counts = [bus.clients[TRANSFERS].granted.until(cycle) for cycle in range(19, 28)]
    assert counts == [0, 1, 2, 3, 3, 4, 5, 6, 6]
    assert [bus.weights.granted.until(cycle) for cycle in (22, 23, 26, 27)] == [0, 1, 1, 2]


def test_grants_go_no_further_than_asked(bus):
    bus.weights.ask(20, 50)
    assert bus.granted(WEIGHTS, 9) == 29
    bus.clients[RECORD].ask(30, 1)
    bus.advance_all()
    assert times(bus, RECORD) == [30]
