"""Files that a user asked for: refused early where they cannot be written, written whole or not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from hw.spec.errors import RequestError


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write beside the target, then rename, so that nothing half-written is ever seen.

    A link is followed; a device or pipe (/dev/stdout) is written to as it is. Raises RequestError
    where the file cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if _is_special(path):
            path.write_bytes(data)
            return
        path = path.resolve()
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RequestError(f"{path}: cannot be written: {error.strerror}") from None


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A path for another program to write to, which replaces ``path`` once the block is done.

    Where the block fails, what was written is removed and ``path`` stays as it was. A device or
    pipe is given as it is. Raises RequestError where the file cannot be replaced.
    """
    if _is_special(path):
        yield path
        return
    path = path.resolve()
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield partial
        try:
            partial.replace(path)
        except OSError as error:
            raise RequestError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)


def require_writable(path: Path) -> None:
    """Refuse a path that cannot become a file, before any work is done. Raises RequestError."""
    if path.is_dir():
        raise RequestError(f"{path}: is a folder; name a file")
    if not path.parent.is_dir():
        raise RequestError(f"{path}: the folder {path.parent} does not exist; create it first")
    if not all(os.access(part, os.W_OK) for part in _touched(path)):
        raise RequestError(f"{path}: cannot be written: permission denied")


def make_folder(path: Path) -> None:
    """Make the folder unless it is there, and see that files can be put in. Raises RequestError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"{path}: cannot be made a folder: {error.strerror}") from None
    if not os.access(path, os.W_OK):
        raise RequestError(f"{path}: cannot be written: permission denied")


def _is_special(path: Path) -> bool:
    # Asked before links are followed: /dev/stdout leads to a name that exists in /proc only.
    return path.exists() and not path.is_file()


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
