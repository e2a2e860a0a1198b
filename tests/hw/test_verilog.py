import re
from pathlib import Path

import pytest

from tilewright.hw.spec.settings import load_config
from tilewright.hw.verilog import verilog, write_verilog

PROJECT = Path(__file__).parents[2]


def test_verilog_is_the_same_each_time_and_names_no_path(tmp_path):
    config = load_config("tiny")
    files = verilog(config)
    assert verilog(config) == files
    assert str(PROJECT) not in files["soc.v"]
    assert {path.name: path.read_text() for path in write_verilog(config, tmp_path / "v")} == files


@pytest.mark.parametrize("rows", [3, 8])
def test_rows_of_the_array_are_one_module(rows):
    text = verilog(load_config("default", None, [f"rows={rows}", "cols=2"]))["soc.v"]
    declared = re.findall(r"^module (\w*array_row\w*)\(", text, re.MULTILINE)
    assert len(declared) == 1
    assert len(re.findall(rf"^  {declared[0]} \S+ \(", text, re.MULTILINE)) == rows
