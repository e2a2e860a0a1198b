"""How this process was called: messages repeat it, so that what they propose can be typed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

MODULE = "python -m sim"
INSTALLED = "tilewright"


def command_name() -> str:
    """`MODULE` or `INSTALLED`, as it was called."""
    return MODULE if Path(sys.argv[0]).name == "__main__.py" else INSTALLED


def command_line(arguments: Sequence[str]) -> str:
    """A command as one would type it."""
    return f"{command_name()} {shlex.join(arguments)}"
