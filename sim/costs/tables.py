"""The package's tables of figures, in YAML."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: a run would spend 0.2 s on parsing otherwise."""


def read_table(path: Traversable) -> dict[str, Any]:
    """The document in a file of the package."""
    return yaml.load(path.read_text(), Loader=_LOADER)
