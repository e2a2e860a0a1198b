import os
import sys
from multiprocessing.spawn import get_preparation_data

import pytest

from tests.sim.sweep.fatal import Fatal
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import TilewrightError
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.sweep import pool
from tilewright.sim.sweep.networks import packed
from tilewright.sim.sweep.point import Task
from tilewright.sim.sweep.pool import LocalPool


@pytest.fixture(scope="module")
def network():
    return packed(open_network("ad", Progress()))


def fatal(network, tmp_path, times):
    return Fatal(**vars(network), log=tmp_path / "log", times=times)


def tasks(network, number):
    return [
        Task(f"{n}", network.shell.sha256, "model", make_config({"rows": 4, "cols": 2 + n}))
        for n in range(number)
    ]


def test_a_point_whose_worker_dies_is_done_again(network, tmp_path):
    with LocalPool([fatal(network, tmp_path, 1)], 1) as workers:
        outcomes = list(workers.outcomes(tasks(network, 3)))
    assert sorted((one.key, one.status) for one in outcomes) == [
        ("0", "ok"),
        ("1", "ok"),
        ("2", "ok"),
    ]


def test_a_point_that_kills_two_workers_has_failed(network, tmp_path):
    with LocalPool([fatal(network, tmp_path, 2)], 1) as workers:
        outcomes = {one.key: one for one in workers.outcomes(tasks(network, 3))}
        assert [outcomes[key].status for key in "012"] == ["failed", "ok", "ok"]
        assert "SIGKILL" in outcomes["0"].error
        # The workers stay for what comes next.
        assert [one.status for one in workers.outcomes(tasks(network, 2))] == ["ok", "ok"]
        assert list(workers.outcomes([])) == []
    assert len((tmp_path / "log").read_text().split()) == 3


def test_workers_that_cannot_start_are_one_message(network, monkeypatch):
    monkeypatch.setattr("tilewright.sim.sweep.pool._work", print)

    with (
        LocalPool([network], 1) as workers,
        pytest.raises(TilewrightError, match="cannot be started: with status 0"),
    ):
        list(workers.outcomes(tasks(network, 1)))


def test_workers_do_not_begin_the_program_that_starts_them(monkeypatch):
    """What multiprocessing would tell a process about the script that it is to run first."""
    program = sys.modules["__main__"]
    monkeypatch.setattr(program, "__file__", "script.py", raising=False)
    monkeypatch.setattr(program, "__spec__", None)
    assert "init_main_from_path" in get_preparation_data("worker")
    with pool._without_main():
        told = get_preparation_data("worker")
    assert not {"init_main_from_path", "init_main_from_name"} & told.keys()
    assert sys.modules["__main__"] is program


def test_all_cores_are_those_we_may_use():
    assert 1 <= pool.all_cores() <= (os.cpu_count() or 1)
