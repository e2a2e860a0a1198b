import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.sweep.grid import parse_grids
from tilewright.sim.sweep.plan import Plan
from tilewright.sim.sweep.request import Search, SweepRequest
from tilewright.sim.sweep.resume import open_store
from tilewright.sim.sweep.where import Where
from tilewright.sim.version import origin


@pytest.fixture(scope="module")
def network():
    return open_network("ad", Progress())


def request(out: Path, grids=("rows=4,8",), **changes):
    plan = Plan({}, ({},), parse_grids(grids), Where(changes.pop("where", ())))
    options = {"models": ("ad",), "command": "python -m sim sweep", "jobs": 1}
    options |= {"objectives": ("cycles", "area_ge")}
    return SweepRequest(plan=plan, out=out, **(options | changes))


def begin(before, networks):
    """A sweep with a point."""
    store, _, _ = open_store(before, networks)
    point = {"key": "a", "model": "ad", "backend": "model", "status": "ok"}
    with store:
        store.add({**point, **Config().flat()})
        store.commit()


def remarks(before, now, networks):
    """What a second sweep in the folder says."""
    begin(before, networks)
    store, _, said = open_store(now, networks)
    store.close()
    return said


def test_a_new_one_is_described_in_meta(tmp_path, network):
    store, _, said = open_store(request(tmp_path, where=("rows < 9",)), [network])
    with store:
        meta = store.meta()
    assert said == []
    assert meta["schema"] == "tilewright.sweep/2"
    assert meta["objectives"] == ["cycles", "area_ge"]
    assert meta["models"] == ["ad"]
    assert meta["networks"]["ad"]["sha256"] == network.sha256
    assert meta["fields"] == ["rows"]
    assert meta["origin"] == origin()
    assert meta["plan"]["grid"] == {"rows": [4, 8]}
    assert meta["plan"]["where"] == ["rows < 9"]


def test_one_without_points_is_begun_anew(tmp_path, network):
    open_store(request(tmp_path, search=Search(budget=9, seed=1)), [network])[0].close()
    store, _, said = open_store(request(tmp_path, grids=("cols=4",)), [network])
    with store:
        assert said == []
        assert store.meta()["search"] is None
        assert store.meta()["fields"] == ["cols"]


def test_the_same_one_goes_on_without_remarks(tmp_path, network):
    assert remarks(request(tmp_path), request(tmp_path, resume=True), [network]) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"grids": ("rows=4,8,16",)}, "rows was 4,8, now is 4,8,16"),
        ({"grids": ("cols=4",)}, "rows was 4,8, now is nothing"),
        ({"where": ("rows == 4",)}, "where was nothing, now is rows == 4"),
        ({"objectives": ("energy_j",)}, "objectives was cycles,area_ge, now is energy_j"),
    ],
)
def test_what_differs_is_said(tmp_path, network, changes, said):
    (remark,) = remarks(request(tmp_path), request(tmp_path, resume=True, **changes), [network])
    assert said in remark


def test_another_state_of_the_sources_is_said(tmp_path, network, monkeypatch):
    begin(request(tmp_path), [network])
    monkeypatch.setattr("tilewright.sim.sweep.resume.source_version", lambda: "later")
    store, _, (remark,) = open_store(request(tmp_path, resume=True), [network])
    store.close()
    assert "sources have changed" in remark


def test_nothing_to_resume_is_said(tmp_path, network):
    store, _, (remark,) = open_store(request(tmp_path, resume=True), [network])
    store.close()
    assert "nothing to resume" in remark


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"resume": False}, "--resume"),
        ({"backend": "rtl"}, "backend was model, now is rtl"),
        ({"search": None}, "search was seed=1, now is nothing"),
        ({"search": Search(budget=9, seed=2)}, "seed was 1, now is 2"),
        ({"grids": ("rows=4",)}, "rows was 4,8, now is 4"),
        ({"objectives": ("cycles",)}, "objectives was"),
    ],
)
def test_another_search_is_refused(tmp_path, network, changes, said):
    search = Search(budget=9, seed=1)
    begin(request(tmp_path, search=search), [network])
    with pytest.raises(RequestError, match=said):
        open_store(request(tmp_path, **({"resume": True, "search": search} | changes)), [network])


def test_a_search_may_be_longer(tmp_path, network):
    before = request(tmp_path, search=Search(budget=9, seed=1))
    now = request(tmp_path, search=Search(budget=90, seed=1), resume=True)
    assert remarks(before, now, [network]) == []


def test_another_network_of_the_file_is_refused(tmp_path, network):
    begin(request(tmp_path), [network])
    with pytest.raises(RequestError, match="another network"):
        open_store(request(tmp_path, resume=True), [replace(network, sha256="0")])


def names(out, *networks):
    """What the networks are called when they are resumed."""
    store, named, _ = open_store(request(out, resume=True), networks)
    with store:
        assert store.meta()["models"] == [one.name for one in named]
        assert set(store.meta()["networks"]) >= {one.name for one in named}
    return [one.name for one in named]


def test_a_network_keeps_its_name_whatever_others_are_called(tmp_path, network):
    """a/net.onnx is "net" until b/net.onnx comes, which the command line tells from it by paths."""
    first = replace(network, name="net", path="a/net.onnx")
    other = replace(network, name="net", path="b/net.onnx", sha256="0")
    begin(request(tmp_path), [first])
    both = [replace(one, name=one.path) for one in (first, other)]
    assert names(tmp_path, *both) == ["net", "b/net.onnx"]
    assert names(tmp_path, other) == ["b/net.onnx"]
    assert names(tmp_path, first) == ["net"]


def test_a_second_network_of_the_name_gets_its_path(tmp_path, network):
    begin(request(tmp_path), [replace(network, name="net", path="a/net.onnx")])
    other = replace(network, name="net", path="b/net.onnx", sha256="0")
    assert names(tmp_path, other) == ["b/net.onnx"]


def test_the_first_command_is_the_one_to_repeat(tmp_path, network):
    begin(request(tmp_path, command="first"), [network])
    store, _, _ = open_store(request(tmp_path, resume=True, command="second"), [network])
    with store:
        assert store.meta()["command"] == "second"
    with pytest.raises(RequestError, match=r"the command that began it \(first\)"):
        open_store(request(tmp_path, resume=True, backend="rtl", command="third"), [network])


@pytest.mark.parametrize("status", ["invalid", "unmappable"])
def test_one_of_refused_points_alone_is_begun_anew(tmp_path, network, status):
    store, _, _ = open_store(request(tmp_path, search=Search(budget=9, seed=1)), [network])
    with store:
        store.add({"key": "a", "model": "ad", "backend": "model", "status": status})
        store.commit()
    store, _, said = open_store(request(tmp_path, command="corrected"), [network])
    with store:
        assert store.keys() == set()
        assert store.meta()["begun_by"] == "corrected"
    assert said == []


def test_a_damaged_database_is_said(tmp_path, network):
    store, _, _ = open_store(request(tmp_path), [network])
    with store:
        for key in map(str, range(400)):
            point = {"key": key, "model": "ad", "backend": "model", "status": "ok"}
            store.add({**point, **Config().flat()})
        store.commit()
    path = tmp_path / "results.sqlite"
    data = path.read_bytes()
    path.write_bytes(data[:16384] + bytes([255]) * (len(data) - 16384))
    with pytest.raises(RequestError, match=r"results\.sqlite: is"):
        open_store(request(tmp_path, resume=True), [network])


META = ("networks", "version", "begun_by", "plan")


@pytest.mark.parametrize("statement", [
    *(f"DELETE FROM meta WHERE key = '{key}'" for key in META),
    "UPDATE meta SET value = '[]' WHERE key = 'networks'",
    """UPDATE meta SET value = '{"ad": {}}' WHERE key = 'networks'""",
    "UPDATE meta SET value = '3' WHERE key = 'search'",
])  # fmt: skip
def test_a_database_that_does_not_know_what_it_was_is_damaged(tmp_path, network, statement):
    begin(request(tmp_path), [network])
    with sqlite3.connect(tmp_path / "results.sqlite") as connection:
        connection.execute(statement)
    connection.close()
    with pytest.raises(RequestError, match="is damaged: its table meta has no"):
        open_store(request(tmp_path, resume=True), [network])
