"""A configuration that a sweep looks at: one that can be built, or one that is refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.soc_config import SocConfig
from tilewright.sim.costs.clock import with_clock
from tilewright.sim.results.result import OF_THE_ACCELERATOR
from tilewright.sim.technology.read import technology_of

Value = int | str
Backend = Literal["model", "rtl"]

_UNSET: Mapping[str, Any] = {
    field.name: field.default
    for part in (NpuConfig, SocConfig)
    for field in dataclasses.fields(part)
}
"""Every field as it is where nobody sets it; `AUTO` or `AS_KIND` where it is then derived from
others."""

_DERIVED = tuple(name for name, value in Config().flat().items() if value != _UNSET[name])


@dataclass(frozen=True)
class Candidate:
    """A configuration, or what was asked for instead of one.

    Attributes
    ----------
    fields: every field as it is stored. None: the accelerator's where there is none, and what
        would be derived from others where the configuration is refused.
    asked: every field for constraints, the accelerator's too; `AUTO` or `AS_KIND` where
        ``fields`` would have been derived.
    given: the overrides that it was made of.
    config: None where it is refused, and then ``refusal`` says why.
    """

    fields: Mapping[str, Value | None]
    asked: Mapping[str, Value]
    given: Mapping[str, Value]
    config: Config | None
    refusal: str | None = None

    @property
    def identity(self) -> str:
        """Equal for equal configurations, however they were asked for."""
        return json.dumps(dict(self.fields), sort_keys=True)


def candidate(values: Mapping[str, Value]) -> Candidate:
    """The configuration of these overrides of the defaults.

    Without an accelerator its fields are those of the default, whatever they are set to: one
    configuration, however many values of them a grid goes through.
    """
    alone = values.get("npu") == "none"
    unused = OF_THE_ACCELERATOR if alone else ()
    try:
        used = {key: item for key, item in values.items() if key not in unused}
        config = with_clock(make_config(used))
        technology_of(config)
    except RequestError as error:
        asked = {**_UNSET, **values}
        unknown = [name for name in _DERIVED if asked[name] == _UNSET[name]]
        fields = {**asked, **dict.fromkeys((*unknown, *unused))}
        return Candidate(fields, asked, values, None, str(error))
    flat = config.flat()
    asked = {**flat, **{name: values[name] for name in unused if name in values}}
    return Candidate({**flat, **dict.fromkeys(unused)}, asked, values, config)


def config_of_row(row: Mapping[str, Value | None]) -> Config:
    """The configuration of a stored point that is not refused; other columns are passed over."""
    return make_config({name: row[name] for name in _UNSET if row[name] is not None})


def design_name(config: Config) -> str:
    """A configuration in a few words, for progress."""
    npu, cpu = config.npu, f"CPU {config.soc.cpu}"
    return f"{cpu} alone" if config.soc.npu == "none" else f"{npu.rows}x{npu.cols}, {cpu}"


def point_key(sha256: str, backend: Backend, chosen: Candidate) -> str:
    """Names the point of a network (``sha256`` of its file) in the results.

    A technology is a file that may change under its name.
    """
    process = technology_of(chosen.config).identity if chosen.config else ""
    whole = f"{sha256} {backend} {chosen.identity} {process}"
    return hashlib.sha256(whole.encode()).hexdigest()[:32]
