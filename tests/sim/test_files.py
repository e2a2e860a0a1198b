import os
import stat
from pathlib import Path

import pytest

from hw.spec.errors import RequestError
from sim.files import replacing, require_writable, write_atomically


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
