"""A configuration that a sweep looks at: one that can be built, or one that is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hw.spec.config import Config, make_config
from hw.spec.errors import RequestError

Value = int | str
Backend = Literal["model", "rtl"]

_DEFAULTS = Config().flat()


@dataclass(frozen=True)
class Candidate:
    """``fields``: every field of the configuration, as asked for where it is refused.

    ``config`` is None where it is refused, and ``refusal`` says why.
    """

    fields: Mapping[str, Value]
    config: Config | None
    refusal: str | None = None

    @property
    def identity(self) -> str:
        """Equal for equal configurations, however they were asked for."""
        return json.dumps(dict(self.fields), sort_keys=True)


def candidate(values: Mapping[str, Value]) -> Candidate:
    """The configuration of these overrides of the defaults."""
    try:
        config = make_config(values)
    except RequestError as error:
        return Candidate({**_DEFAULTS, **values}, None, str(error))
    return Candidate(config.flat(), config)


def point_key(sha256: str, backend: Backend, chosen: Candidate) -> str:
    """Names the point of a network (``sha256`` of its file) in the results."""
    return hashlib.sha256(f"{sha256} {backend} {chosen.identity}".encode()).hexdigest()[:32]
