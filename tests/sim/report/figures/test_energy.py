import pytest

from tilewright.sim.report.figures.energy import energy_figure


def test_bars_are_joules_by_component(result):
    figure = energy_figure(result)
    (axes,) = figure.axes
    spans = sorted(
        (round(bar.get_y() + bar.get_height() / 2), bar.get_x() * 1e9, bar.get_width() * 1e9)
        for bar in axes.patches
    )
    expected = [(0, 0, 3), (0, 3, 1), (1, 0, 9), (1, 9, 6), (2, 0, 9), (2, 9, 3)]
    assert [pytest.approx(span) for span in expected] == spans
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == ["array", "cpu", "leakage"]
