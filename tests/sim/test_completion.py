"""Completion as shells ask for it: argcomplete's protocol in the environment, and bash itself."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tilewright.hw.spec.config import FIELDS
from tilewright.sim import cli

PROJECT = Path(__file__).parents[2]
SEPARATOR = "\013"

# Asked once for each line, in processes that have loaded the parsers already.
ASK = """
import json, os, sys
from tilewright.sim import cli

for number, line in enumerate(json.load(sys.stdin)):
    if os.fork() == 0:
        os.environ.update(_ARGCOMPLETE="1", _ARGCOMPLETE_IFS="\013", COMP_LINE=line)
        os.environ.update(COMP_POINT=str(len(line)), _ARGCOMPLETE_STDOUT_FILENAME=str(number))
        cli.handle([])
    os.wait()
"""

WORDS = {
    "tilewright ins": "inspect ",
    "tilewright zoo ex": "export ",
    "tilewright run --mod": "--model ",
    "tilewright run --backend f": "functional ",
    "tilewright run --model kw": "kws ",
    "tilewright zoo export vw": "vww ",
    "tilewright run --model vww --preset ti": "tiny ",
    "tilewright fpga --board ice": "icebreaker ",
    "tilewright sweep --model vww --fpga ecp": "ecp5 ",
    "tilewright area --set weight_b": "weight_buffer_bytes=",
    "tilewright area --set move_unit=f": "move_unit=false ",
    "tilewright area --set cpu=li": "cpu=lite ",
    "tilewright run --set memory_kind=dr": "memory_kind=dram ",
    "tilewright run --set weight_memory_kind=fl": "weight_memory_kind=flash ",
    "tilewright area --set npu=n": "npu=none ",
    "tilewright area --technology fd": "fdsoi22 ",
    "tilewright area --set technology=lp": "technology=lp40 ",
    "tilewright technologies show op": "open45 ",
    "tilewright sweep --model vww --grid memory_l": "memory_latency=",
    "tilewright sweep --model vww --objective area_g": "area_ge ",
    "tilewright completion z": "zsh ",
}

FILES = ("net.tflite", "net.onnx", "net.txt", "mine.toml", "x.npy", "r.json", "ours.yaml")
OF_FILES = {
    "tilewright run --model ne": ["net.onnx", "net.tflite"],
    "tilewright run --model vww --config ": ["mine.toml "],
    "tilewright run --model vww --input ": ["x.npy "],
    "tilewright diff r": ["r.json "],
    "tilewright technologies show our": ["ours.yaml "],
}
VERBS, ALL_FIELDS = "tilewright ", "tilewright run --model vww --set "


@pytest.fixture(scope="module")
def proposed(tmp_path_factory):
    """By command line what is proposed behind it, in a folder with FILES."""
    folder = tmp_path_factory.mktemp("completion")
    for name in FILES:
        (folder / name).touch()
    lines = [*WORDS, *OF_FILES, VERBS, ALL_FIELDS]
    subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        input=json.dumps(lines),
        text=True,
        check=True,
    )
    answers = [(folder / str(number)).read_text() for number in range(len(lines))]
    return {line: text.split(SEPARATOR) for line, text in zip(lines, answers, strict=True)}


@pytest.mark.parametrize("line", WORDS)
def test_a_word_is_completed(proposed, line):
    assert proposed[line] == [WORDS[line]]


@pytest.mark.parametrize("line", OF_FILES)
def test_files_of_the_right_kind_are_proposed(proposed, line):
    assert sorted(proposed[line]) == OF_FILES[line]


def test_every_verb_and_field_is_proposed(proposed):
    assert set(cli.VERBS) <= {word.strip() for word in proposed[VERBS]}
    assert {word.rstrip("=") for word in proposed[ALL_FIELDS]} == set(FIELDS)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_the_command(tmp_path):
    command = tmp_path / "tilewright"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sim "$@"\n')
    command.chmod(0o755)
    script = """
        eval "$(tilewright completion bash)"
        complete -p tilewright
        COMP_LINE='tilewright run --model vww --set cpu=li' COMP_POINT=${#COMP_LINE} COMP_TYPE=9
        COMP_WORDS=(tilewright run --model vww --set cpu = li) COMP_CWORD=7
        _python_argcomplete tilewright
        printf '<%s>' "${COMPREPLY[@]}"
    """
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-c", script],
        cwd=PROJECT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "-F _python_argcomplete tilewright" in run.stdout
    assert run.stdout.endswith("<lite >"), run.stdout


@pytest.mark.parametrize(("shell", "mark"), [("zsh", "#compdef tilewright"), ("fish", "complete")])
def test_other_shells_get_their_own(monkeypatch, capsys, shell, mark):
    cli.handle(["completion", shell])
    assert mark in capsys.readouterr().out
