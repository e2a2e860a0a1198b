import pytest

from tilewright.hw.spec.errors import TilewrightError
from tilewright.hw.spec.settings import load_config
from tilewright.sim.costs.area import area_table, estimate_area
from tilewright.sim.measure.gates import synthesise_area
from tilewright.sim.progress import Progress
from tilewright.verification.area.synthesis import SITES, gate_equivalents, map_modules

CPU = """
module VexRiscv(input clk, input [7:0] d, output reg [7:0] q);
  always @(posedge clk) q <= d;
endmodule
"""

DESIGN = r"""
module \soc
  wire input 1 \clk
  wire width 8 input 2 \d
  wire input 3 \enable
  wire width 8 output 4 \q
  wire width 8 \first
  wire width 8 \second
  cell \VexRiscv \core
    connect \clk \clk
    connect \d \d
    connect \q \first
  end
  cell \held \one
    connect \clk \clk
    connect \enable \enable
    connect \d \first
    connect \q \second
  end
  cell \held \two
    connect \clk \clk
    connect \enable \enable
    connect \d \second
    connect \q \q
  end
end
module \held
  wire input 1 \clk
  wire input 2 \enable
  wire width 8 input 3 \d
  wire width 8 output 4 \q
  cell $dffe $1
    parameter \WIDTH 8
    parameter \CLK_POLARITY 1'1
    parameter \EN_POLARITY 1'1
    connect \CLK \clk
    connect \EN \enable
    connect \D \d
    connect \Q \q
  end
end
"""

FLIP_FLOP = 17 / 3
CLOCK_GATE = 13 / 3


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path))
    return tmp_path


def test_a_small_design_is_counted_as_by_hand(cache):
    found = map_modules(DESIGN, CPU)
    assert {path: module.gates for path, module in found.items()} == pytest.approx(
        {
            (): 0,
            ("core",): 8 * FLIP_FLOP,
            ("one",): 8 * FLIP_FLOP + CLOCK_GATE,
            ("two",): 8 * FLIP_FLOP + CLOCK_GATE,
        }
    )
    registers = {path: (at.free, at.gated, at.clock_gates) for path, at in found.items()}
    held = (0, 8, 1)
    assert registers == {(): (0, 0, 0), ("core",): (8, 0, 0), ("one",): held, ("two",): held}


def test_a_module_is_mapped_once(cache):
    first = map_modules(DESIGN, CPU)
    stages = []
    assert map_modules(DESIGN, CPU, stages.append) == first
    assert stages == []
    changed = DESIGN.replace("cell \\held \\two", "cell \\held \\last")
    again = map_modules(changed, CPU)
    assert again["last",] == first["two",]
    # held, VexRiscv, soc, and soc with the other name
    assert len([path for path in (cache / "gates").iterdir() if path.is_dir()]) == 4


MEMORY = r"""
module \soc
  wire input 1 \clk
  wire width 16 input 2 \d
  wire width 6 input 3 \write
  wire width 6 input 4 \read
  wire width 16 output 5 \q
  wire width 8 \held
  memory width 16 size WORDS \words
  cell $memwr_v2 $1
    parameter \MEMID "\\words"
    parameter \ABITS 6
    parameter \WIDTH 16
    parameter \CLK_ENABLE 1'1
    parameter \CLK_POLARITY 1'1
    parameter \PORTID 0
    parameter \PRIORITY_MASK 0'0
    connect \CLK \clk
    connect \EN 16'1111111111111111
    connect \ADDR \write
    connect \DATA { \held \d [7:0] }
  end
  cell $memrd_v2 $2
    parameter \MEMID "\\words"
    parameter \ABITS 6
    parameter \WIDTH 16
    parameter \CLK_ENABLE 1'1
    parameter \CLK_POLARITY 1'1
    parameter \TRANSPARENCY_MASK 1'0
    parameter \COLLISION_X_MASK 1'0
    parameter \ARST_VALUE 16'0000000000000000
    parameter \SRST_VALUE 16'0000000000000000
    parameter \INIT_VALUE 16'xxxxxxxxxxxxxxxx
    parameter \CE_OVER_SRST 1'0
    connect \CLK \clk
    connect \EN 1'1
    connect \ARST 1'0
    connect \SRST 1'0
    connect \ADDR \read
    connect \DATA \q
  end
  cell \VexRiscv \core
    connect \clk \clk
    connect \d \d [15:8]
    connect \q \held
  end
end
"""


def test_a_memory_of_64_words_is_sram_and_a_smaller_one_flip_flops(cache):
    large = map_modules(MEMORY.replace("WORDS", "64"), CPU)[()]
    assert (large.gates, large.sram_bits) == (0, 64 * 16)
    small = map_modules(MEMORY.replace("WORDS", "32"), CPU)[()]
    assert small.sram_bits == 0
    # Bits, a clock gate a word, 16 bits of output; and what selects among them.
    registers = (32 * 16 + 16) * FLIP_FLOP + 32 * CLOCK_GATE
    assert registers < small.gates < 2 * registers
    assert (small.free, small.gated, small.clock_gates) == (16, 32 * 16, 32)


def test_a_cell_without_a_known_area_is_an_error():
    assert gate_equivalents({"NAND2_X1": 3, "INV_X1": 3}) == 3 + 3 * SITES["INV_X1"] / 3
    with pytest.raises(TilewrightError, match="LATCH"):
        gate_equivalents({"NAND2_X1": 1, "LATCH": 1})


def test_the_estimate_is_not_stale(cache):
    config = load_config(sets=["rows=3", "cols=2", "requantiser_lanes=1", "cpu=lite"])
    counted, estimate = synthesise_area(config, Progress()), estimate_area(config)
    stale = "the hardware's area has changed: run python -m sim.measure.area"
    assert estimate.memory_ge == pytest.approx(counted.memory_ge), stale
    assert estimate.logic_ge == pytest.approx(counted.logic_ge, rel=area_table().max_error), stale
    assert synthesise_area(config, Progress()) == counted, "as it was kept"
    assert estimate_area(config) == estimate, "whatever was counted"
