"""Runs the programs of a build, so that none outlives whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tilewright.hw.spec.errors import RequestError

_WATCH = 'read -r line; [ "$line" = done ] || kill -KILL "-$0"'
"""What the watcher does: its input ends without a word only where its parent was killed."""


@contextmanager
def running(
    command: Sequence[str], folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Generator[subprocess.Popen[str]]:
    """``command`` in ``folder``, its output and errors in one pipe.

    It has a process group of its own, which is killed, with all that it started, when the block
    ends by an exception, and when this process is killed: a make without its parent would go on
    with its compilers. Raises RequestError where it cannot be run.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        )
    except OSError as error:
        raise RequestError(f"{command[0]}: cannot be run: {error.strerror}") from None
    with _watched(process.pid), process:
        try:
            yield process
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def run(
    command: Sequence[str], folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """The exit status of ``command``, run as `running` does, and all that it printed."""
    with running(command, folder, environment) as process:
        output, _ = process.communicate()
    return process.returncode, output


@contextmanager
def _watched(group: int) -> Generator[None]:
    """Somebody else who kills the process group when this process ends within the block."""
    watcher = subprocess.Popen(
        ["/bin/sh", "-c", _WATCH, str(group)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    try:
        yield
    finally:
        watcher.communicate(b"done\n")
