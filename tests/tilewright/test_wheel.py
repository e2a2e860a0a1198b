"""The installed package beside files of a user's that are called as our folders are."""

import ast
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ROOMS = ("hw", "mapper", "sim", "firmware", "verification")
PARTS = ("pyproject.toml", "README.md", "LICENSE", "tilewright", "packaging", *ROOMS)

BUILD = "import sys, setuptools.build_meta as build; getattr(build, sys.argv[1])(sys.argv[2])"

USE = """
import sys, tilewright
network = tilewright.load("ad")
cycles = network.predict(tilewright.Config(rows=4)).cycles
found = tilewright.sweep(network, {"rows": [4, 8]}, jobs=2)
assert [point.cycles for point in found.fronts["ad"] if point.row["rows"] == 4] == [cycles]
ours = [name for name in sys.modules if name.split(".")[0] == "tilewright"]
assert all(sys.modules[name].__file__.startswith(sys.argv[1]) for name in ours), ours
print(len(found.points), *sorted({name.split(".")[0] for name in sys.modules} & set(sys.argv[2:])))
"""
"""Without `if __name__ == "__main__"`, as scripts of a few lines are."""

IN_RTL = """
import tilewright
run = tilewright.load("ad").run(tilewright.Config("tiny"))
print(run.cycles > 0, run.result.check.mismatches)
"""


def built(kind, source, folder):
    """The file that setuptools builds in ``folder``: "build_wheel" or "build_sdist"."""
    ended = subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(folder)],
        cwd=source, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    (found,) = folder.glob("*.whl" if kind == "build_wheel" else "*.tar.gz")
    return found


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    source = tmp_path_factory.mktemp("source")
    for part in PARTS:
        if (PROJECT / part).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT / part, source / part, symlinks=True, ignore=unwanted)
        else:
            shutil.copy(PROJECT / part, source / part)
    return source


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory):
    return built("build_wheel", checkout, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    options = ["--no-deps", "--no-index", "--no-compile", "--quiet", "--target", str(folder)]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, *options, str(wheel)], check=True)
    return folder


@pytest.fixture
def hostile(tmp_path):
    """A user's folder, in which no file of our folders' names may be imported."""
    for room in ROOMS:
        (tmp_path / f"{room}.py").write_text(f"raise SystemExit('the user\\'s {room}.py ran')\n")
    return tmp_path


def ran(command, site, folder):
    environment = {**os.environ, "PYTHONPATH": str(site)}
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_wheel_has_two_names_and_all_that_the_folders_hold(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    info = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"
    assert {name.split("/")[0] for name in names} == {"tilewright", "sim", info}
    assert [n for n in names if n.startswith("sim/")] == ["sim/__init__.py", "sim/__main__.py"]
    expected = {
        f"tilewright/{path.relative_to(PROJECT).as_posix()}"
        for room in ROOMS
        for path in (PROJECT / room).rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".md")
    }
    assert len(expected) > 600
    assert expected <= set(names)
    assert "tilewright/py.typed" in names


def test_a_source_distribution_makes_the_same_wheel(wheel, checkout, tmp_path):
    with tarfile.open(built("build_sdist", checkout, tmp_path)) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = (path for path in tmp_path.iterdir() if path.is_dir())
    again = built("build_wheel", source, tmp_path)
    assert set(zipfile.ZipFile(again).namelist()) == set(zipfile.ZipFile(wheel).namelist())


def test_no_module_imports_a_name_that_may_be_the_users(wheel):
    archive = zipfile.ZipFile(wheel)
    for name in archive.namelist():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(archive.read(name))):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported = [node.module]
            assert not {one.split(".")[0] for one in imported} & set(ROOMS), name


def test_a_script_beside_files_of_the_same_names(site, hostile):
    (hostile / "use.py").write_text(USE)
    printed = ran([sys.executable, "use.py", str(site), *ROOMS], site, hostile)
    assert printed.split() == ["2"]


@pytest.mark.parametrize("command", [["bin/tilewright"], ["-m", "tilewright"]])
def test_the_commands_beside_files_of_the_same_names(site, hostile, command):
    start = [str(site / command[0])] if len(command) == 1 else [sys.executable, *command]
    assert "kws" in ran([*start, "zoo", "list"], site, hostile)


def test_python_m_sim_is_the_same_command(site, tmp_path):
    printed = ran([sys.executable, "-m", "sim", "zoo", "list"], site, tmp_path)
    assert printed == ran([str(site / "bin" / "tilewright"), "zoo", "list"], site, tmp_path)


@pytest.mark.slow
@pytest.mark.rtl
def test_rtl_beside_files_of_the_same_names(site, hostile):
    assert ran([sys.executable, "-c", IN_RTL], site, hostile).split() == ["True", "0"]
