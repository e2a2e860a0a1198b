import signal
import time
from pathlib import Path

import pytest

from verification.cosim.verilate import _run


def runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_an_interrupted_build_leaves_no_compiler_behind(tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        with pytest.raises(KeyboardInterrupt):
            _run(["sh", "-c", "sleep 300 & echo $! > pid; wait"], tmp_path, "the compiler")
    finally:
        signal.signal(signal.SIGALRM, before)
    compiler = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while runs(compiler) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not runs(compiler)
