"""The page of the model's accuracy: what a command puts in, and that it is of this hardware."""

import re

import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.networks.zoo import ZOO_NAMES
from tilewright.sim.progress import Progress
from tilewright.sim.run.predict import Predictor
from tilewright.sim.validate.accuracy import BEGIN, END, PAGE, read_cycles, text_of
from tilewright.sim.validate.designs import ALL


def table() -> dict[str, list[int]]:
    text = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    rows = re.findall(r"^\| ([\w-]+) \|((?: [\d,]+ \|){4})$", text, re.MULTILINE)
    return {name: [int(cell.replace(",", "")) for cell in re.findall(r"[\d,]+", cells)]
            for name, cells in rows}  # fmt: skip


def test_the_page_has_this_hardwares_cycles():
    stale = "run python -m sim validate, then python -m sim.validate.accuracy"
    rows = table()
    assert set(rows) == {design.name for design in ALL}, stale
    network = Predictor(open_network("kws", Progress()))
    for design in ALL:
        cycles = network.predict(design.config).total.cycles
        assert rows[design.name][ZOO_NAMES.index("kws")] == cycles, (design.name, stale)


def test_layers_add_up_and_what_is_missing_is_named(tmp_path):
    path = tmp_path / "validation.csv"
    path.write_text(
        "network,design,rtl_cycles,model_cycles\nvww,8x8,100,100\nvww,8x8,20,21\nkws,8x8,7,7\n"
    )
    rtl, model = read_cycles(path)
    assert rtl == {("vww", "8x8"): 120, ("kws", "8x8"): 7}
    assert model["vww", "8x8"] == 121
    with pytest.raises(RequestError, match="ic on 8x8 was not measured: run python -m sim valid"):
        text_of(rtl, model)
    path.write_text("layer\nx\n")
    with pytest.raises(RequestError, match="is not what python -m sim validate writes"):
        read_cycles(path)


def test_a_difference_is_told():
    points = {(network, design.name): 1000 for design in ALL for network in ZOO_NAMES}
    assert "same in all 80 comparisons" in text_of(points, points)
    off = {**points, ("ad", "4x4"): 1010}
    assert "differ in 1 of 80 comparisons, by 1.000% at most" in text_of(points, off)
