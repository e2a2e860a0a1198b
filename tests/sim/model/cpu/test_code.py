"""Lines of code that a step runs, and which of them their cache lacks."""

from sim.model.cpu.code import CodeCache, Stretch, lines_run

ROUTINE = (
    Stretch(range(4, 7)),
    Stretch(range(9, 10), frozenset({"chunk", "tail"})),
    Stretch(range(10, 12), frozenset({"chunk"})),
    Stretch(range(4, 5)),
)


def test_lines_of_the_paths_that_are_taken():
    assert lines_run(ROUTINE) == (4, 5, 6, 4)
    assert lines_run(ROUTINE, ("step", "tail")) == (4, 5, 6, 9, 4)
    assert lines_run(ROUTINE, ("step", "chunk")) == (4, 5, 6, 9, 10, 11, 4)


def test_code_is_fetched_once():
    cache = CodeCache(8)
    assert cache.run((4, 5, 6, 4)) == 3
    assert cache.run((4, 5, 6, 4)) == 0
    assert cache.run((4, 5, 6, 9, 4)) == 1


def test_code_that_other_code_pushes_out():
    """Lines 2 and 10 have the same place."""
    cache = CodeCache(8, held=(1, 2, 3))
    assert cache.run((1, 2, 3)) == 0
    assert cache.run((10, 11)) == 2
    assert cache.run((1, 2, 3)) == 2
    assert cache.run((1, 2, 3)) == 0


def test_lines_that_push_each_other_out_are_not_counted():
    """They are fetched each time; what is counted comes on top."""
    cache = CodeCache(8)
    assert cache.run((2, 5, 10)) == 1
    assert cache.run((2, 5, 10)) == 0
