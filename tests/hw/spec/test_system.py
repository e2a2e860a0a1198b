import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.registers import CONFIG_FIELDS, SYSTEM
from tilewright.hw.spec.settings import PRESETS, load_config
from tilewright.hw.spec.soc_config import CPU_VARIANTS
from tilewright.hw.spec.system import SYSTEM_WORDS, system_constants, told_config


def words(config, boot=0, clock=0) -> list[int]:
    return [boot, clock, *system_constants(config).values()]


def test_one_register_a_field_in_order():
    names = [register.name for register in SYSTEM.registers]
    assert names == ["BOOT", "CLOCK_HZ", "LAYOUT", *(field.upper() for field in CONFIG_FIELDS)]
    assert [register.offset for register in SYSTEM.registers] == list(range(0, 4 * len(names), 4))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_what_is_told_is_what_was_built(preset, cpu):
    config = load_config(preset, None, [f"cpu={cpu}", "clock_hz=12000000"])
    assert told_config(words(config, clock=12_000_000)) == config


def test_an_unknown_clock_is_the_usual_one():
    assert told_config(words(load_config())).soc.clock_hz == load_config().soc.clock_hz


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("LAYOUT", 1, "another version of Tilewright"),
        ("ROWS", 77, "rows = 77: must be 2..32"),
        ("CPU", 9, "cpu is number 9"),
    ],
)
def test_nonsense_is_refused(name, value, message):
    told = words(load_config())
    assert len(told) == SYSTEM_WORDS
    told[[register.name for register in SYSTEM.registers].index(name)] = value
    with pytest.raises(RequestError, match=message):
        told_config(told)
