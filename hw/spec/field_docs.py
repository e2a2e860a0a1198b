"""What each field of a configuration means, read from the docstrings of its classes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from inspect import getdoc

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.soc_config import SocConfig

_FIELD = re.compile(r"^(\w+): (.*)$")


@cache
def field_docs() -> Mapping[str, str]:
    """Meaning and range of every field, a paragraph each; ``code`` has lost its quotes."""
    return {name: text for part in (NpuConfig, SocConfig) for name, text in _parameters(part)}


def _parameters(part: type) -> list[tuple[str, str]]:
    """The entries under "Parameters" of a class's docstring."""
    _, _, section = (getdoc(part) or "").partition("Parameters\n----------\n")
    found: list[tuple[str, str]] = []
    for line in section.splitlines():
        begun = _FIELD.match(line)
        if begun:
            found.append((begun[1], begun[2]))
        elif found:
            name, text = found[-1]
            found[-1] = name, f"{text} {line.strip()}"
    return [(name, text.replace("``", "").replace("`", "").strip()) for name, text in found]
