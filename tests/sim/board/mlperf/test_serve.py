"""The device as its own process: commands over a pseudo-terminal, the log, and its end."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest

from tests.sim.board.mlperf.client import Client
from tilewright.hw.spec.settings import load_config
from tilewright.sim import __main__ as entry
from tilewright.sim.board.mlperf.serve import Pace
from tilewright.sim.board.mlperf.terminal import opened_terminal
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.run.predict import Predictor


@contextmanager
def serving(*arguments):
    """(client, process) of a device."""
    command = [sys.executable, "-m", "sim", "board", "--simulate", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            said = process.stdout.readline()
            assert "is the serial port of an MLPerf Tiny device" in said, process.stderr.read()
            with Client(said.split()[0]) as client:
                yield client, process
        finally:
            process.kill()


def test_a_device_in_both_modes():
    """The built-in network for keywords, whose cycles the model predicts."""
    cycles = Predictor(open_network("kws", Progress())).predict(load_config()).total.cycles
    with serving("--mlperf", "kws", "--backend", "model", "--hold", "0") as (client, process):
        assert client.command("profile")[1] == "m-model-[kws01]"
        client.load(np.arange(490, dtype=np.uint8).tobytes())
        elapsed, values = client.infer(1, 0)
        assert elapsed == pytest.approx(cycles / 100, abs=1), "microseconds at 100 MHz"
        assert len(values) == 12
        assert sum(values) == pytest.approx(1, abs=0.05)
        elapsed, again = client.infer(70, 10)
        assert elapsed == pytest.approx(70 * cycles / 100, abs=1)
        assert again == values
        assert client.command("what") == ["e-[Unknown command: what]"]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        assert process.returncode == 0
        assert out == ""
        assert f"infer 70 10: {cycles:,} cycles an inference (predicted at power-up)" in err
        assert "synthetic weights" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--simulate"], "give one of run, info, reset, serve, or --mlperf"),
        (["--simulate", "info", "--mlperf"], "give one of run, info, reset, serve, or --mlperf"),
        (["--port", "/dev/null", "--mlperf", "--backend", "rtl"], "--backend rtl: goes with"),
        (["--simulate", "run", "--model", "kws", "--backend", "rtl"], "--backend rtl: goes with"),
        (["--simulate", "--mlperf", "--hold", "-1"], "--hold -1: goes with --mlperf, and is 0..3"),
        (["--simulate", "--mlperf", "--json", "x"], "--json: goes with run"),
        (["--simulate", "--mlperf", "sww"], "sww: no built-in network has this name"),
        (["--simulate", "--mlperf", "kwz"], "kwz: no built-in network has this name"),
        (["--simulate", "--mlperf", "kwz", "--model", "kws"], "there is no benchmark 'kwz'"),
        (["--simulate", "--mlperf", "ad", "--model", "kws"], "490 elements of one and 12 of"),
    ],
)
def test_what_is_refused(arguments, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["tilewright", "board", *arguments])
    assert entry.main() == 2
    assert message in capsys.readouterr().err


def test_a_device_that_computes_for_long_stays_awake(monkeypatch):
    monkeypatch.setattr("tilewright.sim.board.mlperf.terminal.QUIET_S", 0.01)
    with opened_terminal() as terminal:
        port = os.open(terminal.name, os.O_RDWR | os.O_NOCTTY)
        with terminal.kept_awake():
            assert os.read(port, 2) == b"\r\n"
        terminal.say("m-ready \N{SNOWMAN}")
        said = b""
        while b"?" not in said:
            said += os.read(port, 100)
        assert said.lstrip(b"\r\n").startswith(b"m-ready ?")
        os.write(port, b"name%\xff")
        received = ""
        while len(received) < 6:
            received += terminal.receive()
        assert received == "name%?"
        os.close(port)


def test_the_chips_time_passes_on_the_host(monkeypatch):
    clock, slept = [100.0], []

    def sleep(seconds):
        slept.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", sleep)
    pace = Pace()
    pace.rest()
    clock[0] += 3  # The host computes.
    pace.spend(1)
    pace.spend(4)
    assert slept == [0, 2], "the answer comes 5 s after the command"
    clock[0] += 60
    pace.rest()
    pace.spend(0.5)
    assert slept[-1] == 0.5
