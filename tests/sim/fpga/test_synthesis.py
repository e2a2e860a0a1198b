"""Yosys as it is called, on a few gates."""

from pathlib import Path

import pytest

from tilewright.hw.spec.errors import TilewrightError
from tilewright.sim.fpga.synthesis import CELLS, NETLIST, synthesise, used_resources

PRODUCT = """
module top(input clk, input signed [7:0] a, b, output reg signed [15:0] y);
always @(posedge clk) y <= a * b;
endmodule
"""


def synthesised(folder: Path, text: str, family: str) -> list[str]:
    (folder / "top.v").write_text(text)
    notes: list[str] = []
    synthesise(["top.v"], family, "top", folder, folder / "log", notes.append)
    return notes


def test_a_product_is_one_multiplier_of_the_ecp5(tmp_path) -> None:
    notes = synthesised(tmp_path, PRODUCT, "ecp5")
    assert (tmp_path / NETLIST).exists()
    used = used_resources(tmp_path / CELLS, "ecp5")
    assert used["DSP"] == 1
    assert used["flip-flop"] == 16
    assert any("ABC" in note for note in notes)


def test_flip_flops_of_every_kind_are_counted(tmp_path) -> None:
    text = """
    module top(input clk, e, r, input [3:0] d, output reg [3:0] q);
    always @(posedge clk) begin
        q[0] <= d[0];
        if (e) q[1] <= d[1];
        if (r) q[2] <= 0; else q[2] <= d[2];
        if (r) q[3] <= 1; else if (e) q[3] <= d[3];
    end
    endmodule
    """
    synthesised(tmp_path, text, "ice40")
    assert used_resources(tmp_path / CELLS, "ice40")["flip-flop"] == 4


def test_a_tool_that_fails_shows_its_own_error_and_its_log(tmp_path) -> None:
    with pytest.raises(
        TilewrightError, match=r"Yosys failed[^$]*top\.v:1: ERROR: syntax"
    ) as caught:
        synthesised(tmp_path, "module top(input a\n", "ecp5")
    assert str(tmp_path / "log") in str(caught.value)
    assert "top.v" in (tmp_path / "log").read_text()


def test_cells_of_gowin_are_counted(tmp_path) -> None:
    """A multiplier of 18 bits is two of 9 bits, one of 16 words of 4 bits takes four LUTs."""
    text = """
    module top(input clk, input signed [7:0] a, b, input signed [15:0] c, d,
               output reg signed [15:0] y, output reg signed [31:0] z, output reg [7:0] w,
               input [10:0] at, input [7:0] in);
    reg [7:0] words [0:2047];
    always @(posedge clk) begin
        y <= a * b;
        z <= c * d;
        w <= words[at];
        if (a[0]) words[at] <= in;
    end
    endmodule
    """
    synthesised(tmp_path, text, "gowin")
    used = used_resources(tmp_path / CELLS, "gowin")
    assert used["DSP"] == 1 + 2
    assert used["block RAM"] == 1
    assert used["flip-flop"] >= 16 + 32
