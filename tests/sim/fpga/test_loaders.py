"""Loading a bitstream; small scripts on PATH stand for the loaders and write down their words."""

import pytest

from tilewright.hw.fpga.boards import BOARDS
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.fpga import loaders


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a program onto an otherwise empty PATH; gives the file that it writes to."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def call(name, status=0):
        said = tmp_path / f"{name}.said"
        file = folder / name
        file.write_text(
            f'#!/bin/sh\nfor word in "$@"; do echo "$word"; done > {said}\nexit {status}\n'
        )
        file.chmod(0o755)
        return said

    return call


def test_every_board_has_a_loader_that_is_told_where_to_get():
    for board in BOARDS.values():
        assert board.loaders
        assert set(board.loaders) <= set(loaders.PACKAGES)


@pytest.mark.parametrize(
    ("board", "program", "words"),
    [
        ("icebreaker", "iceprog", ["my top.bin"]),
        ("icebreaker", "openFPGALoader", ["-b", "ice40_generic", "my top.bin"]),
        ("ulx3s-85f", "openFPGALoader", ["-b", "ulx3s", "my top.bin"]),
        ("ulx3s-45f", "fujprog", ["my top.bin"]),
    ],
)
def test_the_program_that_is_there_is_called(board, program, words, install, tmp_path, monkeypatch):
    said = install(program)
    monkeypatch.chdir(tmp_path)
    way = loaders.require_loader(BOARDS[board])
    loaders.load(way, (tmp_path / "my top.bin").relative_to(tmp_path), BOARDS[board])
    assert said.read_text().splitlines() == words
    assert loaders.ways(BOARDS[board])[0] == way
    assert way.shown(tmp_path / "a b").endswith(f"'{tmp_path}/a b'")


def test_the_usual_one_comes_first(install):
    install("openFPGALoader")
    install("iceprog")
    assert loaders.require_loader(BOARDS["icebreaker"]).program == "iceprog"
    assert loaders.require_loader(BOARDS["ulx3s-85f"]).program == "openFPGALoader"


def test_a_missing_loader_says_where_to_get_one(install):
    install("fujprog")
    with pytest.raises(RequestError) as error:
        loaders.require_loader(BOARDS["icebreaker"])
    assert str(error.value) == (
        "--load: iCEBreaker takes iceprog or openFPGALoader, and none is on PATH; install one: "
        "iceprog (Debian and Ubuntu: the package fpga-icestorm); "
        "openFPGALoader (Debian, Ubuntu and Fedora: the package openfpgaloader)"
    )
    usual = [way.program for way in loaders.ways(BOARDS["icebreaker"])]
    assert usual == ["iceprog", "openFPGALoader"], "told all the same"


def test_a_loader_that_fails(install, tmp_path):
    install("iceprog", status=7)
    board = BOARDS["icebreaker"]
    way = loaders.require_loader(board)
    with pytest.raises(
        RequestError, match=r"iceprog failed \(exit status 7\).*iCEBreaker.*top.bin"
    ):
        loaders.load(way, tmp_path / "top.bin", board)
