import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tilewright.sim import version

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def fresh():
    version.commit.cache_clear()
    yield
    version.commit.cache_clear()


def test_the_package_takes_its_version_from_here():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert "version" in project["project"]["dynamic"]
    assert (
        project["tool"]["setuptools"]["dynamic"]["version"]["attr"]
        == "tilewright.sim.version.VERSION"
    )
    assert re.fullmatch(r"\d+\.\d+\.\d+", version.VERSION)


def checkout(folder):
    def git(*arguments):
        identity = ("-c", "user.name=n", "-c", "user.email=e@example.org")
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)

    git("init")
    (folder / "a").write_text("1")
    git("add", "a")
    git("commit", "-m", "first")
    return git("rev-parse", "HEAD").stdout.strip()


def test_a_checkout_knows_its_commit_and_whether_files_differ(monkeypatch, tmp_path, fresh):
    head = checkout(tmp_path)
    monkeypatch.setattr(version, "_SOURCES", tmp_path)
    assert version.origin() == {"version": version.VERSION, "commit": head}
    version.commit.cache_clear()
    (tmp_path / "a").write_text("2")
    assert version.origin_line() == f"Tilewright {version.VERSION}, commit {head}-dirty"


@pytest.mark.parametrize(
    ("written", "expected"),
    [(None, None), ({"url": "file:///x"}, None), ({"vcs_info": {"commit_id": "ab12"}}, "ab12")],
)
def test_a_package_knows_what_pip_wrote_down(monkeypatch, tmp_path, fresh, written, expected):
    class Distribution:
        def read_text(self, name):
            assert name == "direct_url.json"
            return None if written is None else json.dumps(written)

    monkeypatch.setattr(version, "_SOURCES", tmp_path)
    monkeypatch.setattr(version.metadata, "distribution", lambda _: Distribution())
    assert version.commit() == expected
    assert ("commit" in version.origin_line()) == (expected is not None)
