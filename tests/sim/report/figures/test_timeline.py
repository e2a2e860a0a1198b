from dataclasses import replace

import pytest

from tilewright.sim.report.figures.timeline import engine_shares, timeline_figure
from tilewright.sim.results.course import Activity


def test_shares_are_averages_of_each_layer_where_nobody_watched(course):
    shares = engine_shares(course)
    times = [0, 100, 700, 1000]
    assert shares["CPU"] == (times, [1.0, 60 / 600, 1.0])
    assert shares["array"] == (times, [0.0, 510 / 600, 0.0])
    assert shares["DMA"] == (times, [0.0, 150 / 600, 0.0])


def test_watched_engines_are_told_in_short_bins(course):
    activity = (Activity("DMA", 100, 200), Activity("DMA", 250, 255), Activity("array", 0, 9))
    shares = engine_shares(replace(course, activity=activity))
    edges, heights = shares["DMA"]
    worked = sum(height * (edges[i + 1] - edges[i]) for i, height in enumerate(heights))
    assert worked == pytest.approx(105)
    at = dict(zip(edges, heights, strict=False))
    assert [height for start, height in at.items() if 103 <= start < 197] == pytest.approx([1] * 34)
    assert sum(height for start, height in at.items() if start >= 260) == 0
    assert shares["requantiser"][1] == [0] * 360
    assert shares["array"][1] == [0.0, 510 / 600, 0.0]


def test_layers_are_boxes_over_time(course):
    figure = timeline_figure(course, 100_000_000)
    layers = figure.axes[0]
    assert [(b.get_x(), b.get_width()) for b in layers.patches] == [(100, 600), (700, 300)]
    assert [text.get_text() for text in layers.texts] == ["conv<1>[x]", "softmax"]
    assert [axes.get_ylabel() for axes in figure.axes] == ["layers", "CPU", "array", "DMA"]


def test_without_an_accelerator_there_is_the_cpu_alone(course):
    segments = [replace(segment, engine="cpu", causes={}) for segment in course.segments]
    assert list(engine_shares(replace(course, segments=segments))) == ["CPU"]
