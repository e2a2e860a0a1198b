"""Configuration: defaults that follow, overrides in order, refusals that say why."""

import dataclasses
from pathlib import Path

import pytest

from hw.spec.config import FIELDS, PRESETS, Config, NpuConfig, load_config, make_config
from hw.spec.errors import RequestError


@pytest.mark.parametrize(
    ("rows", "cols", "port", "lanes"),
    [(8, 8, 16, 8), (2, 2, 16, 2), (6, 10, 16, 6), (17, 4, 32, 17), (4, 32, 32, 4)],
)
def test_widths_follow_the_array(rows: int, cols: int, port: int, lanes: int) -> None:
    config = NpuConfig(rows=rows, cols=cols)
    assert (config.port_bytes, config.requantiser_lanes) == (port, lanes)


def test_every_array_shape_can_be_built() -> None:
    for rows in range(2, 33):
        for cols in range(2, 33):
            config = NpuConfig(rows=rows, cols=cols)
            assert config.port_bytes >= rows
            assert config.convolution_slots >= 2
            assert config.depthwise_slots > config.depthwise_kernel


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


def test_flat_holds_every_field_once() -> None:
    assert tuple(load_config().flat()) == FIELDS
    assert len(set(FIELDS)) == len(FIELDS)


def test_hardware_key_follows_what_is_built() -> None:
    plain = load_config()
    assert plain.hardware_key() == load_config().hardware_key()
    assert plain.hardware_key() == load_config(sets=["clock_hz=50000000"]).hardware_key()
    assert plain.hardware_key() != load_config(sets=["rows=9"]).hardware_key()


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        (["rows=1"], ["rows = 1", "2..32"]),
        (["cols=33"], ["cols = 33", "2..32"]),
        (["accumulator_bits=33"], ["accumulator_bits", "20..32"]),
        (["requantiser_lanes=9"], ["requantiser_lanes = 9", "rows = 8"]),
        (["port_bytes=12"], ["port_bytes = 12", "8, 16 or 32"]),
        (["rows=16", "port_bytes=8"], ["port_bytes = 8", "rows = 16"]),
        (["bus_bytes=3"], ["bus_bytes = 3", "4, 8, 16 or 32"]),
        (["bus_bytes=64"], ["bus_bytes = 64", "4, 8, 16 or 32"]),
        (["bus_bytes=32", "port_bytes=16"], ["bus_bytes = 32", "port_bytes"]),
        (["scratchpad_banks=3"], ["scratchpad_banks = 3"]),
        (["scratchpad_bytes=5000"], ["scratchpad_bytes = 5000", "multiple of"]),
        (["scratchpad_bytes=-4"], ["scratchpad_bytes = -4", "4096..1048576"]),
        (["scratchpad_bytes=2048"], ["scratchpad_bytes = 2048", "4096..1048576"]),
        (["weight_buffer_bytes=3000"], ["weight_buffer_bytes = 3000"]),
        (["depthwise_kernel=8"], ["depthwise_kernel = 8", "1..7"]),
        (["cpu=pentium"], ["cpu", "pentium", "full"]),
        (["npu=gpu"], ["npu", "array or none"]),
        (["memory_bytes=1000"], ["memory_bytes = 1000"]),
        (["memory_latency=0"], ["memory_latency = 0", "1..64"]),
        (["clock_hz=1"], ["clock_hz = 1"]),
        (["row=4"], ["'row'", "rows"]),
        (["zzz=4"], ["'zzz'", "keys:"]),
        (["rows"], ["'rows'", "KEY=VALUE"]),
        (["=4"], ["KEY=VALUE"]),
        (["rows=many"], ["rows", "many", "whole number"]),
        (["rows=8.5"], ["rows", "whole number"]),
    ],
)
def test_refusals_name_the_key_and_the_limit(sets: list[str], words: list[str]) -> None:
    with pytest.raises(RequestError) as caught:
        load_config(sets=sets)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


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
    with pytest.raises(RequestError, match="not a TOML file"):
        load_config(toml=file)


def test_configurations_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_config({}).npu.rows = 3  # type: ignore[misc]
