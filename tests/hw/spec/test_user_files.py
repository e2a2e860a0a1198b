import os
from pathlib import Path

import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.user_files import read_file, read_text


def test_a_file_up_to_its_limit_is_read(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_file(tmp_path / "a", 5, "a file") == b"12345"
    with pytest.raises(RequestError, match=r"a: 5 bytes are more than it can have \(4\): give a f"):
        read_file(tmp_path / "a", 4, "a file")


def test_a_mark_of_utf_8_is_no_part_of_a_text(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfx = 1")
    assert read_text(tmp_path / "a", 99, "a file") == "x = 1"
    (tmp_path / "a").write_bytes(b"\xff")
    with pytest.raises(RequestError, match="is no text"):
        read_text(tmp_path / "a", 99, "a file")


def test_what_has_no_end_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.csv").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path / "link.csv"):
        with pytest.raises(RequestError, match="not a regular file: give a file"):
            read_file(path, 99, "a file")
    with pytest.raises(RequestError, match="cannot be read"):
        read_file(tmp_path, 99, "a file")


def test_a_file_that_grows_while_it_is_read_is_limited(tmp_path):
    # Files of /proc say that they are empty.
    with pytest.raises(RequestError, match="more than it can have"):
        read_file(Path("/proc/self/status"), 10, "a file")


def test_odd_names_are_quoted():
    for name in ("n" * 300, "no\x1b[31m\nfile"):
        with pytest.raises(RequestError, match="cannot be read") as caught:
            read_file(Path(name), 9, "a file")
        assert str(caught.value).isprintable()
