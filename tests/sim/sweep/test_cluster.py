"""The Dask cluster, in this process; a whole sweep with one is in test_sweep.py."""

import pytest

from tests.sim.sweep.fatal import Fatal
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.sweep import cluster
from tilewright.sim.sweep.cluster import Cluster
from tilewright.sim.sweep.networks import packed
from tilewright.sim.sweep.point import Task


@pytest.fixture(scope="module")
def network():
    return packed(open_network("ad", Progress()))


def test_a_point_over_which_workers_are_lost_fails_alone(network, tmp_path):
    fatal = Fatal(**vars(network), log=tmp_path / "log", times=3)
    tasks = [
        Task(f"{n}", network.shell.sha256, "model", make_config({"rows": 4, "cols": 2 + n}))
        for n in range(3)
    ]
    notes = []
    with Cluster([fatal], "local:1", notes.append) as workers:
        outcomes = {one.key: one for one in workers.outcomes(tasks)}
    # The first two workers had all three tasks, the third only one, and the fourth lives.
    assert [outcomes[key].status for key in "012"] == ["failed", "ok", "ok"]
    assert "lost" in outcomes["0"].error
    assert len((tmp_path / "log").read_text().split()) == 4


class Client:
    """A cluster whose workers answer with the versions that they are told to have."""

    def __init__(self, versions):
        self.versions = versions
        self.asked = []

    def nthreads(self):
        return dict.fromkeys(self.versions, 1)

    def run(self, function, workers, on_error):
        self.asked += workers
        return {at: self.versions[at] for at in workers}


def test_workers_that_come_later_are_asked_for_their_version(network, monkeypatch):
    monkeypatch.setattr(cluster, "source_version", lambda: "ours")
    monkeypatch.setattr(cluster, "LOOK_S", -1)
    notes = []
    workers = Cluster([network], "tcp://host:1", notes.append)
    workers._client = client = Client({"a": "ours"})
    assert workers._threads() == {"a": 1}
    client.versions |= {"b": "theirs", "c": "ours", "d": OSError("lost"), "e": ImportError("sim")}
    assert workers._threads() == {"a": 1, "c": 1}
    assert ["worker b" in notes[0], "worker e" in notes[1], len(notes)] == [True, True, 2]
    client.versions["d"] = "ours"
    assert workers._threads() == {"a": 1, "c": 1, "d": 1}
    assert client.asked == ["a", "b", "c", "d", "e", "d"]


def test_workers_of_another_version_alone_are_refused(network, monkeypatch):
    monkeypatch.setattr(cluster, "source_version", lambda: "ours")
    workers = Cluster([network], "tcp://host:1", print)
    workers._client = Client({"a": "theirs"})
    with pytest.raises(RequestError, match="the worker a has another version"):
        workers._check_versions()


def test_a_scheduler_that_does_not_answer_is_named(network, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_S", 0.3)
    with (
        pytest.raises(RequestError, match="no Dask scheduler answers"),
        Cluster([network], "tcp://127.0.0.1:9", print),
    ):
        pass
