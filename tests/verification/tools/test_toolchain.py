import os
import subprocess
import sys

import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.verification.cosim.build import build_model
from tilewright.verification.cosim.simulate import Job, simulate
from tilewright.verification.tools.toolchain import find_compiler, require_make


def test_a_named_compiler_comes_first(monkeypatch):
    monkeypatch.setenv("CXX", "g++")
    assert find_compiler().command == ("g++",)
    monkeypatch.setenv("CXX", "g++ -m64")
    assert find_compiler().command == ("g++", "-m64")


def test_without_a_compiler_zig_takes_its_place(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "")
    compiler = find_compiler()
    assert compiler.is_fallback
    assert compiler.command[-2:] == ("ziglang", "c++")
    assert compiler.variables["CFG_CXXFLAGS_PCH_I"] == "-include-pch"


def test_without_any_compiler_the_message_says_what_to_install(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(RequestError, match=r"no C\+\+ compiler: tried c\+\+, g\+\+, clang\+\+"):
        find_compiler()


def test_a_named_compiler_that_does_not_run_is_refused(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler -O2")
    with pytest.raises(RequestError, match=r"CXX = no-such-compiler -O2: .* does not run"):
        find_compiler()


def test_without_make(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RequestError, match="make is not installed"):
        require_make()


@pytest.mark.rtl
@pytest.mark.slow
def test_the_fallback_builds_a_model_that_runs(monkeypatch, tmp_path):
    # Only make and what it calls: no compiler.
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("make", "sh", "rm", "cat", "echo", "test", "uname", "xargs"):
        for folder in os.environ["PATH"].split(os.pathsep):
            if os.access(f"{folder}/{name}", os.X_OK):
                (tools / name).symlink_to(f"{folder}/{name}")
                break
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / "cache"))
    config = load_config("cpu-only")
    notes = []
    model = build_model(config, note=notes.append)
    assert any("ziglang" in note for note in notes)
    assert build_model(config).build_s == 0
    loop = (0x0000006F).to_bytes(4, "little")
    outcome = simulate(model.executable, Job(config, loop, [], 5000), tmp_path)
    assert outcome.reason == "watchdog"


def test_pyosys_stays_in_processes_of_its_own():
    """It makes extension modules loaded after it share their symbols: reports would not draw."""
    script = (
        "import pkgutil, sys\n"
        "from tilewright import sim\n"
        "for module in pkgutil.walk_packages(sim.__path__, 'tilewright.sim.'):\n"
        "    if module.name != 'tilewright.sim.__main__':\n"
        "        __import__(module.name)\n"
        "print(*(name for name in sys.modules if name.startswith('pyosys')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
