"""Registers of the same value that synthesis for the ECP5 leaves apart."""

import json

from amaranth.back import rtlil
from amaranth.hdl import Module, Signal

from tilewright.hw.local_copy import local_copy
from tilewright.sim.fpga.synthesis import CELLS, synthesise

COPIES = 5


def test_every_copy_is_a_register(tmp_path) -> None:
    m = Module()
    told, used = Signal(), Signal(COPIES)
    for i in range(COPIES):
        near = Module()
        copy = local_copy(near, told)
        m.submodules[f"place_{i}"] = near
        m.d.comb += used[i].eq(copy)
    text = rtlil.convert(m, name="top", ports=[told, used], emit_src=False)
    (tmp_path / "top.il").write_text(text)
    synthesise(["top.il"], "ecp5", "top", tmp_path, tmp_path / "log", lambda _: None)
    cells = json.loads((tmp_path / CELLS).read_text())["design"]["num_cells_by_type"]
    assert cells["TRELLIS_FF"] == COPIES
