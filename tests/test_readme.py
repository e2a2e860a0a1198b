"""The README's commands are ones that the command line takes, and the files it names exist."""

import re
import shlex
from pathlib import Path

import pytest

from tilewright.sim.cli import parser

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text()
COMMANDS = re.findall(r"^python -m sim (.*)$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_parses(command):
    parser().parse_args(shlex.split(command.partition(">")[0]))


def test_there_are_commands_and_the_make_targets_exist():
    assert len(COMMANDS) > 8
    makefile = (README.parent / "Makefile").read_text()
    for target in re.findall(r"(?:^|`)make ([a-z]+)", TEXT, re.MULTILINE):
        assert f"\n{target}:" in makefile, target


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_links_lead_somewhere(page):
    path = README.parent / page
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
        assert (path.parent / target).exists(), target
