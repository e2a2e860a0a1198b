import errno
import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.verification.tools.cache import cache_directory, cached, kept, run_folder


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


def program(folder: Path):
    (folder / "sources").mkdir()
    (folder / "sources" / "top.sv").write_text("module top; endmodule")
    (folder / "model").write_bytes(b"\x7fELF and so on")
    (folder / "model").chmod(0o755)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


DAMAGE = {
    "missing": lambda folder: (folder / "model").unlink(),
    "empty": lambda folder: (folder / "model").write_bytes(b""),
    "truncated": lambda folder: os.truncate(folder / "model", 5),
    "flipped": lambda folder: flip(folder / "model"),
    "flipped below": lambda folder: flip(folder / "sources" / "top.sv"),
    "not executable": lambda folder: (folder / "model").chmod(0o644),
    "a file too many": lambda folder: (folder / "sources" / "more.sv").write_text("garbage"),
    "a link that leads nowhere": lambda folder: (folder / "more").symlink_to("nowhere"),
    "no folder": lambda folder: (shutil.rmtree(folder), folder.write_text("")),
    "no list": lambda folder: (folder.parent / ".key.hashes").unlink(),
    "an empty list": lambda folder: (folder.parent / ".key.hashes").write_text(""),
    "a flipped list": lambda folder: flip(folder.parent / ".key.hashes"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_entry_is_built_again_with_a_note(damage, caplog):
    folder, _ = cached("things", "key", program)
    assert kept("things", "key") == folder
    damage(folder)
    assert kept("things", "key") is None
    caplog.clear()
    assert cached("things", "key", program) == (folder, True)
    assert len(caplog.messages) == 1
    assert str(folder) in caplog.messages[0]
    assert "building it again" in caplog.messages[0]
    assert (folder / "model").read_bytes() == b"\x7fELF and so on"
    assert os.access(folder / "model", os.X_OK)
    assert sorted(path.name for path in folder.iterdir()) == ["model", "sources"]
    assert cached("things", "key", program) == (folder, False)
    assert kept("things", "key") == folder


def test_an_entry_that_is_missing_is_built_without_a_note(caplog):
    folder, _ = cached("things", "key", program)
    shutil.rmtree(folder)
    assert cached("things", "key", program) == (folder, True)
    assert not caplog.messages


def test_an_entry_is_on_the_disk_before_it_has_its_name(monkeypatch):
    """A power cut after the rename must find files behind the names."""
    events, fsync, rename = [], os.fsync, Path.rename

    def note_fsync(handle):
        events.append(Path(f"/proc/self/fd/{handle}").resolve().name)
        fsync(handle)

    def note_rename(self, target):
        events.append(f"rename to {target.name}")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "rename", note_rename)
    cached("things", "key", program)
    at = events.index("rename to key")
    assert {"model", "top.sv", ".key.hashes.new"} <= set(events[:at])
    assert events[at + 1 :] == ["things"]


def test_folders_of_runs_have_short_plain_names(tmp_path):
    assert run_folder("net").name.startswith("net-")
    for name in ("n" * 248, "a/b\x1b[31m\n", "k\udcff", "\N{GRINNING FACE}" * 100, "\u00e9" * 250):
        folder = run_folder(name)
        assert folder.parent == tmp_path / "cache" / "runs"
        assert folder.name.isprintable()


def test_where_no_folder_of_a_run_can_be_made_the_request_is_wrong():
    cache_directory().mkdir()
    (cache_directory() / "runs").write_text("")
    with pytest.raises(RequestError, match="runs: the cache cannot be written"):
        run_folder("net")


def test_a_compiler_on_a_full_disk_is_not_to_blame(monkeypatch):
    def full(path, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    def build(_):
        raise TilewrightError("the compiler failed")

    with pytest.raises(TilewrightError, match="the compiler failed"):
        cached("things", "key", build)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RequestError, match="the cache cannot be written: No space left"):
        cached("things", "key", build)
