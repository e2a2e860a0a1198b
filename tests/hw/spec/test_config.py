"""Configuration of a design: what names it, refusals that say why."""

import dataclasses
import pickle
from pathlib import Path
from typing import Any

import pytest

from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.config import FIELDS, Config, make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.soc_config import HIGHEST_CLOCK, SocConfig


def test_flat_holds_every_field_once() -> None:
    assert tuple(load_config().flat()) == FIELDS
    assert len(set(FIELDS)) == len(FIELDS)


def test_a_configuration_of_flat_fields() -> None:
    made = Config(rows=16, memory_latency=8)
    assert (made.npu.rows, made.soc.memory_latency) == (16, 8)
    assert made == Config(npu=NpuConfig(rows=16), soc=SocConfig(memory_latency=8))
    assert made.npu.cols == NpuConfig().cols == 8
    assert Config(npu="none").soc.npu == "none"
    assert Config() == Config(npu=NpuConfig(), soc=SocConfig())


def test_fields_override_a_file_that_overrides_the_preset(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('cols = 8\nscratchpad_bytes = "64K"\n')
    made = Config("tiny", file=tmp_path / "mine.toml", scratchpad_bytes="128K", rows=2)
    assert (made.npu.rows, made.npu.cols, made.npu.scratchpad_bytes) == (2, 8, 131072)
    assert made.soc.cpu == "lite"
    assert Config(file=str(tmp_path / "mine.toml")).npu.scratchpad_bytes == 65536


def test_a_configuration_is_a_value() -> None:
    made = Config("tiny", cols=8)
    assert {pickle.loads(pickle.dumps(made)): 1}[made] == 1
    other = dataclasses.replace(made, soc=dataclasses.replace(made.soc, cpu="full"))
    assert (other.soc.cpu, other.npu) == ("full", made.npu)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.npu = NpuConfig()  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("preset", "given", "said"),
    [
        ("tinny", {}, "did you mean tiny"),
        (3, {}, r"Config\(\): preset = 3: must be a name"),
        ("tiny", {"rowz": 4}, r"Config\(\): unknown key 'rowz'; did you mean rows"),
        ("tiny", {"rows": 4.5}, "must be a whole number"),
        ("tiny", {"rows": 0}, "rows = 0"),
        ("default", {"soc": 4}, r"Config\(\): soc = 4: must be a SocConfig"),
        ("default", {"npu": NpuConfig(), "rows": 4}, "not both"),
        ("tiny", {"soc": SocConfig()}, "not both"),
        # Its scratchpad is the end of a main memory of up to 256 KiB.
        ("icebreaker", {"memory_bytes": "4M"}, "memory_bytes = 4194304"),
    ],
)
def test_what_cannot_be_made_is_refused(preset: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        Config(preset, **given)


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
        (["memory_bytes=262148"], ["memory_bytes = 262148", "multiple of 16 KiB"]),
        (["memory_latency=0"], ["memory_latency = 0", "1..64"]),
        (["clock_hz=1"], ["clock_hz = 1"]),
        (["row=4"], ["'row'", "rows"]),
        (["zzz=4"], ["'zzz'", "keys:"]),
        (["rows"], ["'rows'", "KEY=VALUE"]),
        (["=4"], ["KEY=VALUE"]),
        (["rows=many"], ["rows", "many", "whole number"]),
        (["rows=8.5"], ["rows", "whole number"]),
        (["move_unit=yes"], ["move_unit = 'yes'", "true or false"]),
        (["move_unit=2"], ["move_unit", "true or false"]),
    ],
)
def test_refusals_name_the_key_and_the_limit(sets: list[str], words: list[str]) -> None:
    with pytest.raises(RequestError) as caught:
        load_config(sets=sets)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_configurations_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_config({}).npu.rows = 3  # type: ignore[misc]


@pytest.mark.parametrize("value", [False, "false", "False", 0])
def test_a_unit_left_out(value: bool | str | int) -> None:
    """As files, options and databases have it; the default is that it is there."""
    assert make_config({"move_unit": value}).npu.move_unit is False
    assert make_config({}).npu.move_unit is True


def test_microcode_has_no_move_unit() -> None:
    assert load_config(preset="icebreaker").npu.move_unit is False


def test_units_are_there_or_not():
    assert make_config({"table_unit": "false"}).npu.table_unit is False
    assert make_config({"table_unit": "True", "elementwise_unit": 0}).npu.elementwise_unit is False
    assert load_config("icebreaker").npu.table_unit is False
    with pytest.raises(RequestError, match="table_unit = 'yes': must be true or false"):
        load_config(sets=["table_unit=yes"])


def test_there_is_no_softmax_unit_without_the_tables_that_it_looks_up():
    assert make_config({}).npu.softmax_unit is True
    assert make_config({"table_unit": False}).npu.softmax_unit is False
    assert make_config({"softmax_unit": True, "table_unit": False}).npu.softmax_unit is False


def test_opcodes_of_units_that_are_left_out_are_unknown():
    opcodes = make_config({"table_unit": False}).npu.opcodes
    assert set(Opcode) - set(opcodes) == {Opcode.TABLE, Opcode.SOFTMAX}
    opcodes = make_config({"softmax_unit": False}).npu.opcodes
    assert set(Opcode) - set(opcodes) == {Opcode.SOFTMAX}
    assert set(Opcode) - set(load_config("icebreaker").npu.opcodes) == {
        Opcode.ELEMENTWISE,
        Opcode.TABLE,
        Opcode.MOVE,
        Opcode.SOFTMAX,
        Opcode.LSTM,
    }
    wide = make_config({"rows": 16, "cols": 16}).npu
    assert set(Opcode) - set(wide.opcodes) == {Opcode.LSTM}
    assert Opcode.LSTM in make_config({"rows": 16, "port_bytes": 32}).npu.opcodes


def test_a_small_chip_may_have_less_memory():
    """Its scratchpad is the end of main memory, at a multiple of its own size."""
    sets = ["memory_bytes=80K", "scratchpad_bytes=16K"]
    config = load_config("icebreaker", sets=sets)
    assert (config.main_memory_bytes, config.soc.firmware_bytes) == (64 * 1024, 20 * 1024)
    assert load_config("icebreaker").soc.firmware_bytes == 32 * 1024
    for preset, wrong, words in (
        ("icebreaker", ["memory_bytes=80K"], r"multiple of scratchpad_bytes \(32768\)"),
        ("icebreaker", ["memory_bytes=272K", "scratchpad_bytes=16K"], "up to 262144"),
        ("icebreaker", ["memory_bytes=48K", "scratchpad_bytes=16K"], "64 KiB..64 MiB"),
        ("icebreaker", [*sets, "cpu=lite"], "128 KiB..64 MiB"),
        ("default", ["memory_bytes=80K"], "128 KiB..64 MiB"),
    ):
        with pytest.raises(RequestError, match=words):
            load_config(preset, sets=wrong)


@pytest.mark.parametrize("given", ["max", "MAX", "0", 0])
def test_the_highest_clock_is_asked_for_by_a_word(given: Any) -> None:
    assert Config(clock_hz=given).soc.clock_hz == HIGHEST_CLOCK


def test_only_a_clock_has_a_highest_value() -> None:
    with pytest.raises(RequestError, match=r"rows = 'max': must be a whole number"):
        load_config(sets=["rows=max"])
