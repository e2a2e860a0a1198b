"""The package's tables of figures, in YAML."""

from __future__ import annotations

import re
from importlib.resources.abc import Traversable
from typing import Any

import yaml

_QUICKEST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: a run would spend 0.2 s on parsing otherwise."""

_WITH_EXPONENT = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$"


class Loader(_QUICKEST):
    """Of safe YAML, where 1e-9 is a number as in YAML 1.2; PyYAML takes it for a text."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(_WITH_EXPONENT), list("-+.0123456789")
)


def read_table(path: Traversable) -> dict[str, Any]:
    """The document in a file of the package."""
    return yaml.load(path.read_text(), Loader=Loader)
