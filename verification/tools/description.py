"""The hardware's description: the sources that its Verilog is generated from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from hw.spec.config import Config
from verification.tools.toolchain import versions

HARDWARE = Path(__file__).parents[2] / "hw"


def read_description() -> dict[str, str]:
    """Text by path below hw/."""
    return {
        path.relative_to(HARDWARE).as_posix(): path.read_text()
        for path in sorted(HARDWARE.rglob("*"))
        if path.suffix in (".py", ".sv")
    }


DESCRIPTION = read_description()
"""The hardware's sources as this process runs them: read once, since a later edit is not loaded."""


def source_key(config: Config, *beside: object) -> str:
    """Hash of what ``config``'s Verilog is generated from, and of what is done ``beside`` that."""
    parts = [config.hardware_key(), DESCRIPTION, versions(), *beside]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
