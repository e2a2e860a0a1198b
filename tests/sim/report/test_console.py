"""How wide reports are."""

import io
import sys

from tilewright.sim.report.console import report_console


class Terminal(io.StringIO):
    """A terminal, as far as one can tell."""

    def isatty(self):
        return True


def test_a_pipe_takes_120_columns_and_a_terminal_its_own(monkeypatch):
    monkeypatch.setenv("COLUMNS", "77")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    report_console().rule()
    assert len(sys.stdout.getvalue().rstrip("\n")) == 120
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert report_console().width == 77
