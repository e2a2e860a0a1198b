"""The configuration as the chip tells it: words of the registers of SYSTEM."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.registers import CONFIG_FIELDS, SYSTEM
from tilewright.hw.spec.soc_config import CPU_VARIANTS, SIMULATED_FIELDS

_WORDS: Mapping[str, Sequence[str]] = {
    "cpu": tuple(dict.fromkeys((*CPU_VARIANTS, "min"))),
    "npu": ("array", "none"),
    "control": ("hardwired", "microcode"),
}
"""Fields that are words: told as the number of their value."""

LAYOUT = zlib.crc32(repr((CONFIG_FIELDS, *_WORDS.values())).encode())
"""Value of SYSTEM.LAYOUT."""

SYSTEM_WORDS = len(SYSTEM.registers)


def system_constants(config: Config) -> dict[str, int]:
    """Values of the registers that a design fixes, by name: all but BOOT and CLOCK_HZ."""
    values = config.flat()
    told = {
        name: _WORDS[name].index(str(values[name])) if name in _WORDS else int(values[name])
        for name in CONFIG_FIELDS
    }
    return {"LAYOUT": LAYOUT, **{name.upper(): value for name, value in told.items()}}


def require_boards_memory(values: Mapping[str, int | str], board: str) -> None:
    """Raise RequestError for a main memory that only simulations of the chip have.

    ``values``: fields that are set. ``board``: its name, for the message.
    """
    usual = Config().flat()
    for name in SIMULATED_FIELDS:
        if values.get(name, usual[name]) != usual[name]:
            raise RequestError(
                f"{name} = {values[name]}: main memory on {board} takes a word each cycle, and "
                f"other memories are for run and sweep; leave {name} out"
            )


def told_config(words: Sequence[int]) -> Config:
    """The configuration of a chip, from its SYSTEM_WORDS registers in order.

    Raises RequestError when the chip was made by another version, or tells no possible
    configuration.
    """
    told = dict(zip((register.name for register in SYSTEM.registers), words, strict=True))
    if told["LAYOUT"] != LAYOUT:
        raise RequestError(
            f"the board was built by another version of Tilewright (its configuration has layout "
            f"{told['LAYOUT']:#010x}, this version's is {LAYOUT:#010x}); build its bitstream again"
        )
    values: dict[str, int | str] = {}
    for name in CONFIG_FIELDS:
        value = told[name.upper()]
        choices = _WORDS.get(name)
        if choices is None:
            values[name] = value
        elif value < len(choices):
            values[name] = choices[value]
        else:
            raise RequestError(f"the board tells no configuration: {name} is number {value}")
    if told["CLOCK_HZ"]:
        values["clock_hz"] = told["CLOCK_HZ"]
    try:
        return make_config(values)
    except RequestError as error:
        raise RequestError(f"the board tells no configuration: {error}") from None
