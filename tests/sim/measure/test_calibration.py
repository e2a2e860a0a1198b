"""Two factors of a measured chip, by arithmetic whose answer is known."""

import pytest

from tilewright.sim.chips.published import Chip
from tilewright.sim.measure.calibration import fit, table_text


def chip(**energy_j: float) -> Chip:
    cycles = {"vww": 400, "kws": 100, "ic": 200, "ad": 50}
    return Chip("C", "what", "22 nm", "fdsoi22", 100, "somewhere", cycles, energy_j)


DYNAMIC = {"vww": 4.0, "kws": 2.0, "ic": 8.0, "ad": 1.0}
CYCLES = {"vww": 1, "kws": 1, "ic": 1, "ad": 1}


def test_both_factors_are_found():
    measured = {"vww": 3 * 4 + 5 * 4, "kws": 3 * 2 + 5 * 1, "ic": 3 * 8 + 5 * 2, "ad": 3 + 2.5}
    found = fit(chip(**measured), DYNAMIC, CYCLES)
    assert (found.factor, found.watts) == pytest.approx((3, 5))
    assert list(found.residuals.values()) == pytest.approx([0] * 4, abs=1e-9)


def test_no_factor_is_negative():
    """Energy that falls with time would make the second one so."""
    measured = {name: 3 * joules for name, joules in DYNAMIC.items()} | {"vww": 9.0}
    found = fit(chip(**measured), DYNAMIC, CYCLES)
    assert found.watts == 0
    # The relative error of a * d / m, least squares: sum(r) / sum(r * r) with r = 4/9 and 3 of 1/3.
    assert found.factor == pytest.approx((4 / 9 + 1) / (16 / 81 + 1 / 3))


def test_time_is_ours_where_the_chips_is_not_known():
    silent = Chip("C", "what", "40 nm", "lp40", 100, "somewhere", {}, {"vww": 70.0, "kws": 20.0})
    found = fit(silent, DYNAMIC, {"vww": 1000, "kws": 200, "ic": 1, "ad": 1})
    # 4 a + 10 P = 70, 2 a + 2 P = 20
    assert (found.factor, found.watts) == pytest.approx((5, 5))
    assert "| C | lp40 | 5 | 5e+03 | +0% | +0% | - | - |" in table_text([found])
