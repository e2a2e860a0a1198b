from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from tilewright.sim.report.figures.labels import Label, place_labels
from tilewright.sim.report.figures.style import new_figure


def test_labels_keep_off_each_other_and_stay_inside():
    figure = new_figure(2)
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    # A crowd in one place has some near it and some at the end of a line; one at the edge has some.
    place_labels(axes, [Label(0.5, 0.5, 3, f"layer {i}") for i in range(39)]
                 + [Label(1, 1, 3, "corner")])  # fmt: skip
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [Text.get_window_extent(text, renderer) for text in axes.texts]
    assert 12 <= len(boxes) < 40
    assert axes.texts[0].arrow_patch is None
    assert axes.texts[-2].arrow_patch is not None
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    frame = axes.get_window_extent(renderer)
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)
    assert axes.texts[-1].get_text() == "corner"


def test_no_label_lies_on_another_point():
    figure = new_figure(2)
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    places = [(0.3 + 0.04 * i, 0.5) for i in range(10)]
    place_labels(axes, [Label(x, y, 3, f"l{i}") for i, (x, y) in enumerate(places)])
    renderer = FigureCanvasAgg(figure).get_renderer()
    assert len(axes.texts) == 10
    for text in axes.texts:
        box = Text.get_window_extent(text, renderer)
        assert not any(box.contains(*axes.transData.transform(place)) for place in places)


def test_many_labels_have_no_lines():
    figure = new_figure(2)
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    place_labels(axes, [Label(0.5, 0.5, 3, f"layer {i}") for i in range(41)])
    assert 3 <= len(axes.texts) <= 6
    assert all(text.arrow_patch is None for text in axes.texts)
