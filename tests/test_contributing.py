"""CONTRIBUTING.md and the Makefile name the same commands."""

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def test_make_pages_runs_every_command_that_makes_pages():
    listed = re.findall(r"^\| `(python -m [^`]+)` \|", TEXT, re.MULTILINE)
    recipe = re.search(r"^pages:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    run = [
        line.removeprefix("@$(BIN)/").removesuffix(" $(ARGS)")
        for line in recipe[1].replace("\t", "").splitlines()
    ]
    assert run == listed
    assert len(run) == 5
    for command in run:
        assert importlib.util.find_spec(command.split()[2]) is not None, command


def test_targets_exist():
    for target in re.findall(r"^make ([a-z]+)", TEXT, re.MULTILINE):
        assert f"\n{target}:" in MAKEFILE, target
