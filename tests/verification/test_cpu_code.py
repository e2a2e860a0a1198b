"""Code of paths from traces, by hand."""

from verification.cpu_code import always, kernel_routine
from verification.cpu_trace import Trace

PATHS = [
    {"step": 1, "group": 1, "chunk": 3, "tail": 0},
    {"step": 1, "group": 0, "chunk": 0, "tail": 0},
    {"step": 1, "group": 2, "chunk": 0, "tail": 1},
    {"step": 1, "group": 4, "chunk": 1, "tail": 5},
]
CODE = [
    [1, 2, 20, 21, 22, 23, 22, 23, 25, 2],
    [1, 2, 20, 25, 2],
    [1, 2, 20, 21, 22, 24, 25, 2],
    [9, 1, 2, 20, 21, 22, 23, 22, 24, 21, 25, 2],
]


def test_lines_by_the_paths_that_run_them():
    """20 and 25 always; 21 and 22 in a group, 23 with chunks, 24 with a tail; 9 by chance."""
    traces = [Trace(code) for code in CODE]
    assert kernel_routine(traces, PATHS, lambda line: line >= 20) == [
        [1, 2, "step"],
        [20, 1, "step"],
        [21, 2, "group"],
        [23, 1, "chunk"],
        [24, 1, "tail"],
        [25, 1, "step"],
        [2, 1, "step"],
    ]


def test_a_line_of_two_paths():
    """A line that lies across the ends of two of them."""
    paths = [{"step": 1, "a": a, "b": b} for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))]
    traces = [Trace([20, *([21] if path["a"] or path["b"] else [])]) for path in paths]
    assert kernel_routine(traces, paths, lambda line: True) == [[20, 1, "step"], [21, 1, "a b"]]


def test_lines_that_all_runs_share():
    assert always([[7, 8, 9, 8, 12], [8, 7, 9, 12, 13]]) == [[7, 3, "step"], [12, 1, "step"]]
    assert always([]) == []
