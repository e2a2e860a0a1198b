from itertools import pairwise

import pytest

from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.compile import compile_model
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.results.streams import Sent, sent, sent_by_layer
from tilewright.sim.run.predict import Predictor

NPU = NpuConfig(rows=4, cols=6)


def compute(opcode, **values):
    usual = {"kernel_rows": 1, "kernel_cols": 1, "output_rows": 1, "paired": 0, "run_bytes": 1}
    return Command(opcode, usual | values)


def mark(layer):
    return Command(Opcode.MARK, {"layer": layer})


def test_idle_parts_are_what_tiles_and_blocks_do_not_fill():
    # 7 pixels in tiles of 6, 5 channels in blocks of 4, 10 taps: 2 x 2 x 10 steps. 5 of 12 places
    # are idle, and of what is left 3 of 8 channels.
    one = compute(Opcode.CONV, output_cols=7, tiles=2, channels=5, blocks=2, run_bytes=10)
    found = sent([one, mark(0)], NPU)[0]
    assert found.idle_columns == pytest.approx(40 * 5 / 12)
    assert found.idle_rows == pytest.approx(40 * 7 / 12 * 3 / 8)
    assert found.idle == {"idle columns": 17, "idle rows": 9}


def test_a_paired_tile_has_half_the_pixels_and_twice_the_channels():
    one = compute(
        Opcode.DEPTHWISE, output_cols=3, tiles=1, channels=8, blocks=1, kernel_rows=3,
        kernel_cols=3, paired=1,
    )  # fmt: skip
    assert sent([one, mark(0)], NPU)[0] == Sent()
    # One column of seven is left over.
    odd = sent([one, mark(0)], NpuConfig(rows=4, cols=7))[0]
    assert odd.idle_columns == pytest.approx(9 / 7)


def test_weights_belong_to_the_layer_whose_mark_follows():
    def weights(count):
        return Command(Opcode.WEIGHTS, {"bytes": count})

    stream = [weights(16), weights(32), mark(3), weights(8), mark(4), weights(4), mark(3),
              weights(99), Command(Opcode.END, {}), mark(5)]  # fmt: skip
    assert {n: s.weight_bytes for n, s in sent(stream, NPU).items()} == {3: 52, 4: 8, 5: 0}


def test_weight_traffic_holds_every_weight_and_its_parameters():
    program = compile_model(open_network("kws", Progress()).graph, Config(npu=NPU))
    found = sent_by_layer(program)
    # 64 channels x 40 taps of the first layer; every block has 9 parameter words of 4 rows.
    assert found[0].weight_bytes >= 64 * 40 + 16 * 9 * 4
    assert sum(told.weight_bytes for told in found.values()) >= program.weight_bytes


@pytest.mark.parametrize(
    "values", [{}, {"rows": 4, "cols": 7}, {"rows": 16, "cols": 5, "bus_bytes": 16}]
)
@pytest.mark.parametrize("name", ["vww", "ic"])
def test_what_computes_and_is_not_idle_makes_the_products_that_are_counted(name, values):
    result = Predictor(open_network(name, Progress())).predict(make_config(values))
    elements = result.config["rows"] * result.config["cols"]
    layers = [row for row in result.layers if row.events.get("mac")]
    assert len(layers) > 8
    for row in layers:
        used = row.cycles - sum(row.losses.values())
        assert used == pytest.approx(row.events["mac"] / elements, abs=1.01), row.name
    assert all(a.geometry.output == b.geometry.inputs[0] for a, b in pairwise(layers[:3]))
