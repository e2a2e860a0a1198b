from tilewright.sim.report.causes import MEANINGS
from tilewright.sim.report.colours import LOSS_COLOURS


def test_every_cause_that_has_a_colour_has_a_meaning():
    assert set(MEANINGS) == set(LOSS_COLOURS)
    assert all(len(meaning) > 20 for meaning in MEANINGS.values())
