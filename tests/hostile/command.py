"""The command line in a process of its own, and what it promises whatever is done to it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PATIENCE_S = 300
EXPECTED = (0, 2, 3)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    def require_promised(self) -> None:
        """Done, or one refusal: no traceback, and nothing that a terminal obeys."""
        assert self.status in EXPECTED, f"status {self.status}: {self.err[-2000:]}"
        assert "Traceback" not in self.err, self.err[-2000:]
        refusals = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(refusals) == (self.status != 0), self.err[-2000:]
        for text in (self.out, self.err):
            assert "\x1b" not in text, repr(text[-2000:])


def started(
    folder: Path, *arguments: str, cache: Path | None = None, largest_file: int | None = None
) -> subprocess.Popen[str]:
    """The command in ``folder``; no file that it writes may be larger than ``largest_file``."""

    def limit() -> None:
        if largest_file is not None:
            # As on a full disk, a write fails; unlike there, a signal would end the process.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    environment = os.environ | {"PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
    if cache is not None:
        environment["TILEWRIGHT_CACHE"] = str(cache)
    return subprocess.Popen(
        [sys.executable, "-m", "sim", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
        start_new_session=True,
        preexec_fn=limit,
    )


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for it. What takes too long is killed, and a defect."""
    try:
        out, err = process.communicate(timeout=PATIENCE_S)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return Ended(process.returncode, out, err)


def run(
    folder: Path, *arguments: str, cache: Path | None = None, largest_file: int | None = None
) -> Ended:
    """The command from begin to end."""
    return ended(started(folder, *arguments, cache=cache, largest_file=largest_file))
