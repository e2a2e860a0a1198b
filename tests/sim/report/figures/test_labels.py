from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg

from tilewright.sim.report.figures.labels import Label, place_labels
from tilewright.sim.report.figures.style import new_figure


def test_labels_keep_off_each_other_and_stay_inside():
    figure = new_figure(2)
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    # Ten points in one place have six places around them; one at the edge has some.
    place_labels(axes, [Label(0.5, 0.5, 3, f"layer {i}") for i in range(10)]
                 + [Label(1, 1, 3, "corner")])  # fmt: skip
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axes.texts]
    assert 3 <= len(boxes) <= 7
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    frame = axes.get_window_extent(renderer)
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)
    assert axes.texts[-1].get_text() == "corner"
