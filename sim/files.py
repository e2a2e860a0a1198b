"""Files that a user asked for: refused early where they cannot be written, written whole or not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import shown

_PARTIAL = ".tilewright-"
"""Begins the name of a file that is not whole yet; the target's name may be as long as any can."""

_PROBE_BYTES = 1 << 16


def write_atomically(path: Path, content: str | bytes, *, private: bool = False) -> None:
    """Write beside the target, wait for the disk, then rename: nothing half-written is ever seen.

    A link is followed; a device or pipe (/dev/stdout) is written to as it is. What is no text in
    UTF-8, such as a file's odd name, becomes ``?``. A ``private`` file is its owner's alone. Raises
    RequestError where the file cannot be written.
    """
    data = content.encode(errors="replace") if isinstance(content, str) else content
    with writing(path):
        if _is_special(path):
            path.write_bytes(data)
            return
        target = path.resolve()
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=_PARTIAL)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if not private:
                Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A path for another program to write to, which replaces ``path`` once the block is done.

    Where the block fails, what was written is removed and ``path`` stays as it was. A device or
    pipe is given as it is. Raises RequestError where the file cannot be replaced, or where the
    block failed and the disk takes no more.
    """
    with writing(path):
        special = _is_special(path)
        target = path if special else path.resolve()
    partial = target if special else target.with_name(f"{_PARTIAL}{os.getpid()}")
    try:
        try:
            yield partial
        except Exception:
            # A program that could not write seldom says so: ask the disk.
            require_room(partial, path)
            raise
        if not special:
            with writing(path):
                _sync(partial)
                partial.replace(target)
    finally:
        if not special:
            partial.unlink(missing_ok=True)


def require_room(place: Path, meant: Path) -> None:
    """Refuse to go on where no more can be written to the file ``place``.

    Raises RequestError with the reason, about the file ``meant``.
    """
    with writing(meant), place.open("ab") as file:
        file.write(bytes(_PROBE_BYTES))
        file.flush()
        if not _is_special(place):
            os.fsync(file.fileno())


def require_writable(path: Path) -> None:
    """Refuse a path that cannot become a file, before any work is done. Raises RequestError."""
    with writing(path):
        # Asked of the system itself, which also knows names that are too long.
        with suppress(FileNotFoundError, NotADirectoryError):
            path.stat()
        if path.is_dir():
            raise RequestError(f"{shown(path)}: is a folder; name a file")
        if not path.parent.is_dir():
            raise RequestError(
                f"{shown(path)}: the folder {shown(path.parent)} does not exist; create it first"
            )
        if not all(os.access(part, os.W_OK) for part in _touched(path)):
            raise RequestError(f"{shown(path)}: cannot be written: permission denied")


def require_apart(
    written: Mapping[str, Path | None], read: Mapping[str, Path | Iterable[Path] | None]
) -> None:
    """Refuse to write a file twice, or over one that is read; both by option, None: not given.

    Devices and pipes take as much as comes. Raises RequestError.
    """
    taken: dict[object, str] = {}
    for option, paths in read.items():
        for path in (paths,) if isinstance(paths, Path) else paths or ():
            taken[_identity(path)] = f"{option} reads"
    for option, path in written.items():
        if path is None or _is_special(path):
            continue
        place = _identity(path)
        if place in taken:
            raise RequestError(
                f"{option} {shown(path)}: is the file that {taken[place]}; name another"
            )
        taken[place] = f"{option} writes"


def make_folder(path: Path) -> None:
    """Make the folder unless it is there, and see that files can be put in. Raises RequestError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"{shown(path)}: cannot be made a folder: {error.strerror}") from None
    if not os.access(path, os.W_OK):
        raise RequestError(f"{shown(path)}: cannot be written: permission denied")


@contextmanager
def writing(path: Path) -> Generator[None]:
    """What the system has against writing ``path`` becomes a RequestError with its reason."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RequestError(f"{shown(path)}: cannot be written: {reason}") from None


def _identity(path: Path) -> object:
    """Equal for two names of one file, whether it is there or not."""
    try:
        found = path.stat()
    except OSError:
        return os.path.realpath(path)
    return found.st_dev, found.st_ino


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _is_special(path: Path) -> bool:
    # Asked before links are followed: /dev/stdout leads to a name that exists in /proc only.
    try:
        return path.exists() and not path.is_file()
    except OSError:
        return False


def _touched(path: Path) -> tuple[Path, ...]:
    """What must be writable: the device itself, or the folder and the file if it is there."""
    if _is_special(path):
        return (path,)
    path = path.resolve()
    return (path.parent, path) if path.exists() else (path.parent,)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
