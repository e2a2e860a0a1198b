import subprocess

import pytest

from tilewright.verification.cosim.verilate import COMMON_FLAGS, executable_of
from tilewright.verification.tools.toolchain import find_compiler

SOURCES = {
    "top.sv": 'module top; initial begin $display("ran"); $finish; end endmodule\n',
    "main.cpp": '#include "Vtop.h"\nint main() { Vtop top; top.eval(); top.final(); }\n',
}


@pytest.mark.rtl
def test_a_cache_with_spaces_in_its_path_builds(tmp_path, monkeypatch):
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / "a home" / "its cache"))
    flags = [*COMMON_FLAGS, "--no-timing"]
    model, is_new = executable_of(SOURCES, flags, find_compiler(), lambda _: None)
    assert is_new
    assert " " in str(model)
    done = subprocess.run([model], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("ran")
