import os
import resource
import signal
import stat
from pathlib import Path

import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.files import replacing, require_apart, require_writable, write_atomically


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    write_atomically(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_are_those_of_a_new_file(tmp_path):
    write_atomically(tmp_path / "a", b"x")
    (tmp_path / "b").write_bytes(b"x")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "b").stat().st_mode
    )


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_pipe_is_written_to_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    require_writable(tmp_path / "pipe")
    write_atomically(tmp_path / "pipe", "text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)


def test_a_pipe_without_a_name_is_written_to():
    reader, writer = os.pipe()
    path = Path(f"/dev/fd/{writer}")
    require_writable(path)
    write_atomically(path, "text")
    os.close(writer)
    with os.fdopen(reader) as file:
        assert file.read() == "text"


def test_what_another_program_wrote_replaces_the_file_only_when_it_is_whole(tmp_path):
    path = tmp_path / "a.fst"
    path.write_text("old")

    def interrupted():
        with replacing(path) as partial:
            partial.write_text("ha")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    with replacing(path) as partial:
        partial.write_text("whole")
        assert path.read_text() == "old"
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_impossible_targets_are_refused_with_the_reason(tmp_path):
    with pytest.raises(RequestError, match=r"none/a\.json.*does not exist"):
        require_writable(tmp_path / "none" / "a.json")
    with pytest.raises(RequestError, match="is a folder"):
        require_writable(tmp_path)
    with pytest.raises(RequestError, match="cannot be written"):
        write_atomically(tmp_path / "none" / "a.json", "x")


FULL = Path("/dev/full")
LONG = "n" * 300


def test_a_full_disk_is_one_message_with_the_reason(tmp_path):
    with pytest.raises(RequestError, match="/dev/full: cannot be written: No space left"):
        write_atomically(FULL, "x")
    (tmp_path / "link").symlink_to(FULL)
    with pytest.raises(RequestError, match="No space left"):
        write_atomically(tmp_path / "link", "x")


@pytest.mark.parametrize("writer", [write_atomically, lambda path, _: replaced(path)])
def test_a_file_beyond_a_limit_leaves_the_old_one(tmp_path, writer):
    path = tmp_path / "a"
    path.write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(RequestError, match=r"a: cannot be written: File too large"):
            writer(path, "x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def replaced(path):
    """As a simulator does that ends early for want of room, without saying so."""
    with replacing(path) as partial:
        partial.write_text("x" * 900)
        raise RuntimeError


def test_a_failure_that_is_not_the_disks_stays_what_it_is(tmp_path):
    with pytest.raises(RuntimeError):
        replaced(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RequestError, match="/dev/full: cannot be written: No space left"):
        replaced(FULL)


def test_names_that_are_too_long_are_refused_early(tmp_path):
    with pytest.raises(RequestError, match="cannot be written: File name too long"):
        require_writable(tmp_path / LONG)
    with pytest.raises(RequestError, match="cannot be written: File name too long"):
        write_atomically(tmp_path / LONG, "x")


def test_the_longest_name_is_written(tmp_path):
    path = tmp_path / ("n" * 255)
    require_writable(path)
    write_atomically(path, "x")
    with replacing(path) as partial:
        partial.write_text("y")
    assert path.read_text() == "y"


def test_a_text_that_names_an_odd_file_is_written(tmp_path):
    write_atomically(tmp_path / "a", "of k\udcff.tflite")
    assert (tmp_path / "a").read_text() == "of k?.tflite"


def test_a_file_reaches_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    events, fsync, replace = [], os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (events.append("sync"), fsync(handle)))
    monkeypatch.setattr(
        Path, "replace", lambda path, to: (events.append("rename"), replace(path, to))
    )
    write_atomically(tmp_path / "a", "x")
    with replacing(tmp_path / "b") as partial:
        partial.write_text("y")
    assert events == ["sync", "rename"] * 2


def test_nothing_is_written_twice_nor_over_what_is_read(tmp_path):
    net, other = tmp_path / "net.onnx", tmp_path / "other"
    net.write_text("")
    (tmp_path / "link").symlink_to(net)
    os.link(net, tmp_path / "hard")
    written = {"--json": other, "--report": tmp_path / "page", "--trace": None}
    require_apart(written, {"--model": net, "--input": None})
    for path in (net, tmp_path / "link", tmp_path / "hard", tmp_path / "x" / ".." / "net.onnx"):
        (tmp_path / "x").mkdir(exist_ok=True)
        with pytest.raises(RequestError, match=r"--json .*is the file that --model reads"):
            require_apart({"--json": path}, {"--model": [net]})
    with pytest.raises(RequestError, match=r"--report .*is the file that --json writes"):
        require_apart({"--json": other, "--report": tmp_path / "x" / ".." / "other"}, {})
    require_apart({"--json": Path("/dev/null"), "--report": Path("/dev/null")}, {})
