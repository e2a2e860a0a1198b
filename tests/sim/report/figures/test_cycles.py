from dataclasses import replace

import pytest

from tilewright.sim.report.figures.cycles import cycle_parts, cycles_figure


def test_cycles_go_to_computing_and_to_each_cause(result):
    assert cycle_parts(result.layers) == {
        "array computes": [0, 510, 0],
        "CPU computes": [100, 0, 300],
        "waits: weights": [0, 60, 0],
        "waits: drain": [0, 30, 0],
    }


def test_bars_follow_each_other_and_the_utilisation_stands_beside(result):
    bars, used = cycles_figure(result).axes
    spans = {
        (round(bar.get_y() + bar.get_height() / 2), bar.get_x(), bar.get_width())
        for bar in bars.patches
    }
    assert spans == {(0, 0, 100), (1, 0, 510), (1, 510, 60), (1, 570, 30), (2, 0, 300)}
    # 32,000 products in 600 cycles on 64 elements.
    assert [bar.get_width() for bar in used.patches] == pytest.approx([0, 32_000 / 38_400, 0])
    names = [label.get_text() for label in bars.get_yticklabels()]
    assert names == ["start-up", "conv<1>[x]", "softmax"]


def test_without_an_accelerator_nothing_is_said_of_the_array(result):
    layers = tuple(replace(layer, engine="cpu", stalls={}) for layer in result.layers)
    (bars,) = cycles_figure(replace(result, layers=layers)).axes
    assert [bar.get_width() for bar in bars.patches] == [100, 600, 300]
