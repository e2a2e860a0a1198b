"""Where values come from: presets, files, overrides in order; refusals that name the source."""

import os
from pathlib import Path

import pytest

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import PRESETS, load_config


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid(name: str) -> None:
    assert isinstance(load_config(preset=name), Config)


def test_later_sources_override_earlier_ones(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('rows = 6\ncols = 5\ncpu = "standard"\n')
    config = load_config(preset="wide", toml=file, sets=["cols=7", "memory_latency = 0x10"])
    assert (config.npu.rows, config.npu.cols, config.npu.bus_bytes) == (6, 7, 16)
    assert (config.soc.cpu, config.soc.memory_latency) == ("standard", 16)


def test_a_wrong_key_is_blamed_on_the_file_that_has_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("colz = 5\n")
    with pytest.raises(RequestError, match=r"mine\.toml: unknown key 'colz'; did you mean cols"):
        load_config(toml=file, sets=["rows=4"])


def test_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(RequestError, match="did you mean default"):
        load_config(preset="defualt")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rows = ", "is not a TOML file"),
        ("[npu]\nrows = 4\n", r"has a table \[npu\]"),
        ("rows = true\n", "rows = True: must be a whole number"),
        ("rows = 4.0\n", "whole number"),
        ("cpu = 3\n", "cpu = 3: must be a word"),
        ("colums = 3\n", "did you mean cols"),
    ],
)
def test_toml_refusals_name_the_file(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(RequestError, match=words) as caught:
        load_config(toml=file)
    assert "mine.toml" in str(caught.value)


def test_missing_and_binary_toml(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot be read"):
        load_config(toml=tmp_path / "none.toml")
    file = tmp_path / "binary.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RequestError, match=r"is no text.*give a TOML file"):
        load_config(toml=file)


@pytest.mark.parametrize(
    "text",
    [
        "rows = " + "9" * 5000,
        "x = " + "[" * 3000,
        "rows = 4 \x00",
        "rows = 1e9999",
        "rows = 0x" + "f" * 4000,
        "rows = [0x" + "f" * 4000 + "]",
        "move_unit = 0x" + "f" * 4000,
        "cpu = 0x" + "f" * 4000,
    ],
)
def test_odd_toml_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(RequestError, match=r"odd\.toml") as caught:
        load_config(toml=tmp_path / "odd.toml")
    assert len(str(caught.value)) < 1500


def test_toml_without_an_end_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    for path in (Path("/dev/zero"), tmp_path / "pipe.toml"):
        with pytest.raises(RequestError, match="not a regular file"):
            load_config(toml=path)


def test_long_values_are_quoted_in_part() -> None:
    for item in ("rows=" + "x" * 5000, "x" * 5000, "y" * 5000 + "=3", "rows=" + "9" * 5000):
        with pytest.raises(RequestError) as caught:
            load_config(sets=[item])
        assert len(str(caught.value)) < 1500
