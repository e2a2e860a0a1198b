import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.verification.tools.process import run, running

# As make has compilers: a child, and a child of that in the background.
FAMILY = "sleep 98765 & echo $$ $!; wait"

PARENT = f"""
from tilewright.verification.tools.process import running
with running(["sh", "-c", {FAMILY!r}]) as process:
    print(process.stdout.readline(), flush=True)
    process.wait()
"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A dead process whom nobody has waited for yet is none.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def until_dead(pids):
    while any(map(alive, pids)):
        time.sleep(0.01)


def test_output_and_status():
    assert run(["sh", "-c", "echo out; echo err >&2; exit 3"]) == (3, "out\nerr\n")


def test_folder_and_environment(tmp_path):
    status, output = run(["/bin/sh", "-c", "pwd; echo $NAME"], tmp_path, {"NAME": "x"})
    assert (status, output) == (0, f"{tmp_path}\nx\n")


def test_a_program_that_is_not_there():
    with pytest.raises(RequestError, match="no-such-program: cannot be run: No such file"):
        run(["no-such-program"])


def test_an_exception_ends_all_that_was_started():
    pids = []

    def interrupted():
        with running(["sh", "-c", FAMILY]) as process:
            pids.extend(map(int, process.stdout.readline().split()))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    until_dead(pids)


def test_a_parent_that_is_killed_leaves_nobody_behind():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert all(map(alive, pids))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until_dead(pids)
