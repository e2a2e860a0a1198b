import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from hw.spec.errors import RequestError
from verification.tools.cache import cache_directory, cached


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / "cache"))


def write(text):
    def build(folder: Path):
        assert not list(folder.iterdir())
        (folder / "result").write_text(text)

    return build


def test_built_once_and_found_again():
    folder, is_new = cached("things", "key", write("one"))
    assert is_new
    again, is_new = cached("things", "key", write("two"))
    assert (again, is_new) == (folder, False)
    assert (folder / "result").read_text() == "one"
    assert cached("things", "other", write("three"))[1]


def test_a_failed_build_leaves_nothing():
    def fail(folder):
        (folder / "half").write_text("")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cached("things", "key", fail)
    folder, is_new = cached("things", "key", write("whole"))
    assert is_new
    assert [path.name for path in folder.iterdir()] == ["result"]


def _slow_build(folder):
    (folder / "half").write_text("")
    time.sleep(60)


def test_a_killed_build_does_not_block_or_spoil_the_next_one():
    context = multiprocessing.get_context("fork")
    process = context.Process(target=cached, args=("things", "key", _slow_build))
    process.start()
    partial = cache_directory() / "things" / ".key.partial" / "half"
    while not partial.exists():
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    folder, is_new = cached("things", "key", write("whole"))
    assert is_new
    assert [path.name for path in folder.iterdir()] == ["result"]


def _counting_build(folder):
    with (cache_directory() / "builds").open("a") as file:
        file.write("x")
    time.sleep(0.2)
    (folder / "result").write_text("")


def test_builders_at_the_same_time_build_once():
    context = multiprocessing.get_context("fork")
    cache_directory().mkdir()
    processes = [
        context.Process(target=cached, args=("things", "key", _counting_build)) for _ in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert (cache_directory() / "builds").read_text() == "x"


def test_a_cache_that_cannot_be_written_is_a_wrong_request(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(RequestError, match="set TILEWRIGHT_CACHE"):
        cached("things", "key", write("x"))


def test_the_place_of_the_cache(monkeypatch):
    monkeypatch.delenv("TILEWRIGHT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_directory() == Path("/somewhere/tilewright")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_directory() == Path.home() / ".cache" / "tilewright"
