import csv
import random
import sqlite3
from contextlib import closing, suppress

import pytest

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.sweep.database import database_errors
from tilewright.sim.sweep.limits import parse_limits
from tilewright.sim.sweep.lock import sole_writer
from tilewright.sim.sweep.point import LayerRow
from tilewright.sim.sweep.store import Store


def point(key, model="net", status="ok", **columns):
    return {
        "key": key,
        "model": model,
        "backend": "model",
        **Config().flat(),
        "status": status,
        **columns,
    }


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "results.sqlite") as store:
        yield store


def test_a_point_is_stored_once(store):
    store.add(point("a"))
    with pytest.raises(sqlite3.IntegrityError):
        store.add(point("a"))
    assert store.keys() == {"a"}


def test_points_and_layers_are_read_again(store, tmp_path):
    layers = [
        LayerRow(0, "conv", "CONV_2D", "npu", 90, 800, 1e-6, '{"weights": 3}'),
        LayerRow(1, "(firmware)", "between layers", "cpu", 10, 0, None, "{}"),
    ]
    store.add(point("a", cycles=100, energy_j=1.5e-6), layers)
    store.add(point("b", status="unmappable", error="too small"))
    store.commit()
    with Store.open(tmp_path / "results.sqlite") as again:
        assert again.point("a")["cycles"] == 100
        assert again.point("a")["cpu"] == "full"
        assert again.point("b")["energy_j"] is None
        assert again.point("c") is None
        assert again.counts() == {"ok": 1, "unmappable": 1}
        assert again.reasons(3) == [("unmappable", "too small", 1)]
    with sqlite3.connect(tmp_path / "results.sqlite") as database:
        rows = database.execute(
            "SELECT l.* FROM layers l JOIN points p ON p.id = l.point WHERE p.key = 'a'"
        ).fetchall()
    database.close()
    assert [row[1:] for row in rows] == [tuple(layer) for layer in layers]


def test_what_is_not_committed_does_not_last(store, tmp_path):
    store.add(point("a"))
    store.commit()
    store.add(point("b"))
    store.close()
    with Store.open(tmp_path / "results.sqlite") as again:
        assert again.keys() == {"a"}


def test_fronts_are_those_of_each_network(store):
    for key, model, latency, area, status in [
        ("a", "x", 1.0, 9.0, "ok"),
        ("b", "x", 2.0, 8.0, "ok"),
        ("c", "x", 2.0, 9.0, "ok"),
        ("d", "x", 0.5, 0.5, "failed"),
        ("e", "y", 7.0, 9.0, "ok"),
        ("f", "y", 6.0, None, "ok"),
    ]:
        store.add(point(key, model, status, latency_s=latency, area_ge=area))
    store.mark_front(["latency_s", "area_ge"])
    assert [row["key"] for row in store.front(["latency_s", "area_ge"])] == ["a", "b", "e"]
    store.mark_front(["area_ge"])
    assert [row["key"] for row in store.front(["area_ge"])] == ["b", "e"]


def test_csv_has_every_point_and_column(store, tmp_path):
    store.add(point("a", cycles=100))
    store.add(point("b", status="invalid", error='rows, "wrong"'))
    store.export_csv(tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["key"], row["cycles"], row["rows"]) for row in rows] == [
        ("a", "100", "8"),
        ("b", "", "8"),
    ]
    assert rows[1]["error"] == 'rows, "wrong"'


def test_meta_is_json(store):
    store.set_meta({"objectives": ["cycles"], "search": None})
    store.set_meta({"objectives": ["area_ge"]})
    assert store.meta() == {
        "schema": "tilewright.sweep/2",
        "objectives": ["area_ge"],
        "search": None,
    }


def test_other_files_are_refused(tmp_path):
    text, empty = tmp_path / "text", tmp_path / "empty"
    text.write_text("no database" * 100)
    with sqlite3.connect(empty) as database:
        database.execute("CREATE TABLE meta (key, value)")
    database.close()
    with pytest.raises(RequestError, match="text"):
        Store.open(text)
    with pytest.raises(RequestError, match="another version"):
        Store.open(empty)


def test_a_database_of_others_stays_as_it_is(tmp_path):
    path = tmp_path / "other.sqlite"
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE meta (key, value)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(RequestError, match="another version"):
        Store.open(path)
    assert path.read_bytes() == before


def test_one_writer_at_a_time(tmp_path):
    with (
        sole_writer(tmp_path),
        pytest.raises(RequestError, match="another sweep"),
        sole_writer(tmp_path),
    ):
        pass
    with sole_writer(tmp_path):
        pass


def test_a_point_in_rtl_lasts_at_once(store, tmp_path):
    store.add(point("a"), at_once=True)
    with Store.open(tmp_path / "results.sqlite") as again:
        assert again.keys() == {"a"}


def test_what_failed_is_tried_again_when_it_is_asked_for(store):
    layers = [LayerRow(0, "conv", "CONV_2D", "npu", 90, 800, None, "{}")]
    store.add(point("a"), layers)
    store.add(point("b", status="failed"), layers)
    store.add(point("c", status="failed"), layers)
    assert store.request(["a", "b", "d"]) == {"b"}
    assert store.keys() == {"a", "c"}
    store.add(point("b"), layers)
    assert store.evaluated() == 3


def test_designs_are_evaluated_when_no_network_is_refused(store):
    for key, model, rows, status in (
        ("a", "x", 4, "ok"), ("b", "y", 4, "failed"),
        ("c", "x", 8, "ok"), ("d", "y", 8, "unmappable"),
        ("e", "x", None, "ok"), ("f", "y", None, "ok"),
        ("g", "x", 16, "ok"),
    ):  # fmt: skip
        store.add(point(key, model, status, rows=rows))
    assert store.evaluated_designs(2) == 2


def test_designs_are_evaluated_in_all_scenarios(store):
    for key, rows, latency in (("a", 4, 1), ("b", 4, 9), ("c", 8, 1)):
        store.add(point(key, "x", rows=rows, memory_latency=latency))
    assert store.evaluated_designs(2, ["memory_latency"]) == 1


def test_fronts_are_those_of_each_scenario(store):
    for key, latency, cycles in (("a", 4, 10), ("b", 4, 20), ("c", 20, 30), ("d", 20, 40)):
        store.add(point(key, memory_latency=latency, cycles=cycles))
    store.mark_front(["cycles"], ["memory_latency"])
    assert [row["key"] for row in store.front(["cycles"])] == ["a", "c"]


def test_a_front_is_of_points_within_limits(store):
    for key, cycles, energy in (("a", 10, 3.0), ("b", 20, 2.0), ("c", 30, 1.0), ("d", 5, None)):
        store.add(point(key, cycles=cycles, energy_j=energy))
    store.add(point("e", status="failed", cycles=1, energy_j=0.5))
    store.mark_limits(parse_limits(["energy <= 2 J", "cycles < 30"]))
    store.mark_front(["cycles"])
    within = {row["key"]: row["within_limits"] for row in store.requested()}
    assert within == {"a": 0, "b": 1, "c": 0, "d": 0, "e": 0}
    assert [row["key"] for row in store.front(["cycles"])] == ["b"]
    store.mark_limits(())
    store.mark_front(["cycles"])
    assert [row["key"] for row in store.front(["cycles"])] == ["d"]


def test_points_that_nobody_asks_for_stay_but_are_shown_nowhere(store, tmp_path):
    for key, cycles in (("a", 1), ("b", 2), ("c", 3)):
        store.add(point(key, cycles=cycles))
    store.add(point("d", model="other", status="unmappable", error="small"))
    store.request_none()
    store.request(["c", "b"])
    store.add(point("e", cycles=4))
    store.mark_front(["cycles"])
    assert [row["key"] for row in store.front(["cycles"])] == ["b"]
    assert store.counts() == {"ok": 3}
    assert store.models() == ["net"]
    assert store.reasons(3) == []
    assert store.keys() == set("abcde")
    store.export_csv(tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(newline="") as file:
        assert [row["key"] for row in csv.DictReader(file)] == ["b", "c", "e"]


def test_a_refused_number_may_be_larger_than_the_database_holds(store):
    store.add(point("a", status="invalid") | {"clock_hz": 10**30})
    assert store.point("a")["clock_hz"] == 1e30


def test_why_rtl_failed_stays_with_the_point(store):
    store.add(point("a"))
    store.set_verified("a", None, None, "hang")
    row = store.point("a")
    assert (row["rtl_cycles"], row["rtl_mismatches"], row["rtl_error"]) == (None, None, "hang")


def whole(path):
    """A database with a point and a layer, at ``path``."""
    with Store.create(path) as store:
        store.add(point("a", cycles=100), [LayerRow(0, "l", "CONV_2D", "npu", 9, 8, 1e-6, "{}")])
        store.commit()
    return path


def change(path, statement):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_disk_that_is_full_from_the_start_is_said(tmp_path):
    (tmp_path / "results.sqlite").symlink_to("/dev/full")
    with pytest.raises(RequestError, match=r"results\.sqlite: cannot be written"):
        Store.create(tmp_path / "results.sqlite")


def test_a_full_disk_is_not_called_damage(tmp_path):
    """Its points are there: nobody shall throw them away."""
    path = whole(tmp_path / "results.sqlite")
    with database_errors(path), Store.open(path) as store:
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(RequestError, match="is full; what it holds is safe") as caught:
            fill(store, path)
    assert "damaged" not in str(caught.value)
    with Store.open(path) as again:
        assert again.keys() == {"a"}


def fill(store, path):
    with database_errors(path):
        for key in map(str, range(1000)):
            store.add(point(key, error="x" * 1000))
        store.commit()


def test_a_locked_database_is_in_use(tmp_path, monkeypatch):
    monkeypatch.setattr("tilewright.sim.sweep.store.WAIT_S", 0.01)
    path = whole(tmp_path / "results.sqlite")
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RequestError, match=r"is in use by another program: database is locked"):
            Store.open(path)
    with Store.open(path) as again:
        assert again.keys() == {"a"}


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE points SET cycles = 'text'", "damaged: column cycles of points"),
        ("UPDATE points SET energy_j = x'00'", "damaged: column energy_j of points"),
        ("UPDATE points SET model = x'00'", "damaged: column model of points"),
        ("UPDATE layers SET cycles = 'text'", "damaged: column cycles of layers"),
        ("UPDATE meta SET value = '{' WHERE key = 'schema'", "damaged: its table meta"),
        ("UPDATE meta SET value = x'00' WHERE key = 'schema'", "damaged: its table meta"),
        ("DELETE FROM meta", "another version"),
        ("DROP TABLE meta", "no database of a sweep"),
    ],
)
def test_what_nobody_stored_is_refused(tmp_path, statement, said):
    path = whole(tmp_path / "results.sqlite")
    change(path, statement)
    with pytest.raises(RequestError, match=said):
        Store.open(path)


def test_flipped_bytes_are_refused_or_harmless(tmp_path):
    content = whole(tmp_path / "results.sqlite").read_bytes()
    draw = random.Random(3)
    path = tmp_path / "flipped.sqlite"
    for _ in range(150):
        flipped = bytearray(content)
        for _ in range(20):
            flipped[draw.randrange(len(flipped))] ^= 1 << draw.randrange(8)
        path.write_bytes(flipped)
        with suppress(RequestError), database_errors(path), Store.open(path) as store:
            store.counts()
            store.export_csv(tmp_path / "results.csv")
