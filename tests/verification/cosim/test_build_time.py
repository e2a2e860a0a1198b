"""What is said of a build's time: by the last one, whatever became of its record."""

import pytest

from tilewright.verification.cosim.build_time import FIRST_RATE, expected_seconds, note_build
from tilewright.verification.tools.cache import cache_directory

SMALL = {"top.sv": "x" * 1000, "main.cpp": "y" * 99}
KIND = "plain"
LARGE = {"top.sv": "x" * 1000, "soc.v": "z" * 3000}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path))


def test_the_first_build_goes_by_what_was_measured() -> None:
    assert expected_seconds(KIND, LARGE) == pytest.approx(4000 * FIRST_RATE)


def test_later_ones_go_by_the_last_one_and_the_size_of_the_verilog() -> None:
    note_build(KIND, SMALL, 7.0)
    assert expected_seconds(KIND, LARGE) == pytest.approx(28.0)
    note_build(KIND, LARGE, 40.0)
    assert expected_seconds(KIND, SMALL) == pytest.approx(10.0)


def test_other_kinds_of_builds_tell_nothing() -> None:
    note_build("waves", SMALL, 70.0)
    assert expected_seconds(KIND, SMALL) == pytest.approx(1000 * FIRST_RATE)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\xff"])
def test_a_damaged_record_is_none(text: str) -> None:
    note_build(KIND, SMALL, 7.0)
    (record,) = (cache_directory() / "build_rates").iterdir()
    record.write_bytes(text.encode("latin-1"))
    assert expected_seconds(KIND, LARGE) == pytest.approx(4000 * FIRST_RATE)


def test_a_record_that_cannot_be_written_stops_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / "file" / "cache"))
    (tmp_path / "file").write_text("")
    note_build(KIND, SMALL, 7.0)
    assert expected_seconds(KIND, SMALL) == pytest.approx(1000 * FIRST_RATE)
