"""Hardware configurations, as the options of the verbs make them."""

from __future__ import annotations

from pathlib import Path

from tilewright.hw.spec.config import Config, make_config, typed_values
from tilewright.hw.spec.settings import load_values


def config(
    preset: str = "default", *, file: str | Path | None = None, **fields: int | str
) -> Config:
    """The hardware of a preset, a TOML file and single fields, each over the one before.

    `tilewright.config("tiny", cols=8, scratchpad_bytes="64K")`. docs/configuration.md lists the
    fields; `PRESETS` has the presets. `Config.flat()` tells all values, `Config.npu` and
    `Config.soc` hold them.

    Parameters
    ----------
    preset: a name of `PRESETS`.
    file: as `python -m sim config show` writes one.
    fields: by name, as numbers or as the command line takes them ("64K", "50M").

    Raises RequestError for unknown presets and fields, with near names, and for what cannot be
    built, with the reason.
    """
    values = load_values(preset, None if file is None else Path(file))
    return make_config(values | typed_values(fields, "config()"))
