"""Finished builds, kept by content: each is made once, whole, and found again by its key.

Beside an entry lies a list of its files with their hashes. Power cuts, full disks and people damage
caches: an entry that is not as it was built is built again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from tilewright.hw.spec.errors import RequestError, TilewrightError

LOG = logging.getLogger("tilewright.cache")
"""Says on stderr, unless an application has other plans, which entries are built again."""

_PROBE_BYTES = 1 << 20

_NAME_LENGTH = 60
"""Letters of a name in the name of a run's folder; four bytes each leave room for the rest."""


def cache_directory() -> Path:
    """``$TILEWRIGHT_CACHE``, or ``tilewright`` in the user's cache directory."""
    if own := os.environ.get("TILEWRIGHT_CACHE"):
        return Path(own).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tilewright"


def cached(kind: str, key: str, build: Callable[[Path], None]) -> tuple[Path, bool]:
    """The directory of build ``key``, and whether it was made just now.

    ``build`` fills an empty directory, which gets its final name when it is complete and on the
    disk; what an interrupted build left is removed by the next one. Others that want the same key
    wait. An entry that differs from what was built is noted and built again. Raises RequestError
    when the cache cannot be written.
    """
    entry = _Entry(cache_directory() / kind, key)
    if entry.difference() is None:
        return entry.place, False
    try:
        entry.folder.mkdir(parents=True, exist_ok=True)
        with _lock(entry.beside("lock")):
            difference = entry.difference()
            if difference is None:
                return entry.place, False
            if os.path.lexists(entry.place):
                LOG.warning("%s: %s; building it again", entry.place, difference)
            partial = entry.beside("partial")
            _remove(partial)
            partial.mkdir()
            try:
                build(partial)
                entry.keep(partial)
            except TilewrightError:
                # A compiler that could not write is not the one to blame.
                _require_room(partial)
                raise
            finally:
                _remove(partial)
    except OSError as error:
        raise _unwritable(error, entry.folder) from None
    return entry.place, True


def kept(kind: str, key: str) -> Path | None:
    """The directory of build ``key``, if there is one that is as it was built."""
    entry = _Entry(cache_directory() / kind, key)
    return entry.place if entry.difference() is None else None


def run_folder(name: str) -> Path:
    """A new folder for the files of a run of the network ``name``.

    Raises RequestError where the cache cannot be written.
    """
    runs = cache_directory() / "runs"
    plain = re.sub(r"[^\w.-]", "_", name)[:_NAME_LENGTH]
    try:
        runs.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=runs, prefix=f"{plain}-"))
    except OSError as error:
        raise _unwritable(error, runs) from None


class _Entry:
    """A build in ``folder``, and its list of hashes beside it."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        self.place = folder / key

    def beside(self, kind: str) -> Path:
        """A file or directory that belongs to the entry."""
        return self.folder / f".{self.place.name}.{kind}"

    def difference(self) -> str | None:
        """What is not as it was built, in words; None when all is."""
        try:
            expected = json.loads(self.beside("hashes").read_bytes())
        except (OSError, ValueError):
            return "has no list of hashes that can be read"
        try:
            found = dict(_hashes(self.place))
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        if found == expected:
            return None
        names = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
        return f"differs from what was built ({', '.join(sorted(names)[:3])})"

    def keep(self, partial: Path) -> None:
        """Let ``partial`` be the entry from now on.

        All of it reaches the disk first. Whoever sees the new list beside the old entry takes that
        for damaged, and waits for the lock.
        """
        for path in _files(partial):
            _sync(path)
        _sync(partial)
        hashes = self.beside("hashes.new")
        hashes.write_text(json.dumps(dict(_hashes(partial))))
        _sync(hashes)
        hashes.replace(self.beside("hashes"))
        if os.path.lexists(self.place):
            damaged = self.beside("damaged")
            _remove(damaged)
            self.place.rename(damaged)
            _remove(damaged)
        partial.rename(self.place)
        _sync(self.folder)


def _hashes(folder: Path) -> Iterator[tuple[str, list[str | bool]]]:
    """Name, hash, and whether it may be executed, of each file."""
    for path in _files(folder):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
            executable = bool(os.fstat(file.fileno()).st_mode & 0o100)
        yield path.relative_to(folder).as_posix(), [digest, executable]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _sync(path: Path) -> None:
    """Wait until the disk has it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _require_room(folder: Path) -> None:
    """Raise the system's error where no more can be written."""
    probe = folder / "room"
    probe.write_bytes(bytes(_PROBE_BYTES))
    _sync(probe)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _unwritable(error: OSError, folder: Path) -> RequestError:
    return RequestError(
        f"{error.filename or folder}: the cache cannot be written: {error.strerror}; free some "
        "space, or set TILEWRIGHT_CACHE to a directory that can be written"
    )


@contextmanager
def _lock(path: Path) -> Generator[None]:
    """Hold the lock file ``path``; the system lets go of it when the process ends, however."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
