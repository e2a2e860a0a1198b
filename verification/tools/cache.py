"""Finished builds, kept by content: each is made once, whole, and found again by its key."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from hw.spec.errors import RequestError


def cache_directory() -> Path:
    """``$TILEWRIGHT_CACHE``, or ``tilewright`` in the user's cache directory."""
    if own := os.environ.get("TILEWRIGHT_CACHE"):
        return Path(own).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tilewright"


def cached(kind: str, key: str, build: Callable[[Path], None]) -> tuple[Path, bool]:
    """The directory of build ``key``, and whether it was made just now.

    ``build`` fills an empty directory, which gets its final name when it is complete; what an
    interrupted build left is removed by the next one. Others that want the same key wait.
    Raises RequestError when the cache cannot be written.
    """
    folder = cache_directory() / kind
    final = folder / key
    if final.is_dir():
        return final, False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder / f".{key}.lock"):
            if final.is_dir():
                return final, False
            partial = folder / f".{key}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            try:
                build(partial)
                partial.rename(final)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise RequestError(
            f"{error.filename or folder}: the cache cannot be written: {error.strerror}; free some "
            "space, or set TILEWRIGHT_CACHE to a directory that can be written"
        ) from None
    return final, True


@contextmanager
def _lock(path: Path) -> Generator[None]:
    """Hold the lock file ``path``; the system lets go of it when the process ends, however."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
