"""One process at a time writes a sweep's folder."""

from __future__ import annotations

import fcntl
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.files import writing


@contextmanager
def sole_writer(folder: Path) -> Generator[None]:
    """Keep other sweeps out of the folder. Raises RequestError where one is at work in it."""
    with writing(folder):
        file = (folder / ".lock").open("w")
    with closing(file):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RequestError(
                f"{folder}: another sweep is writing here; wait for it, or choose another --out"
            ) from None
        yield
