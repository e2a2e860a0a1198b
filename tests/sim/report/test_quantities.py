import pytest

from tilewright.sim.report.quantities import parse_quantity


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1 mJ", "J", 0.001),
        ("50uJ", "J", 50e-6),
        ("50 µJ", "J", 50e-6),
        ("1e-3", "J", 0.001),
        ("1.5e-3 s", "s", 0.0015),
        ("2ms", "s", 0.002),
        ("100 MHz", "Hz", 1e8),
        ("128 KiB", "B", 131072),
        ("128kB", "B", 128_000),
        ("900,000", "GE", 900_000),
        ("900k", "GE", 900_000),
        ("0.9 MGE", "GE", 900_000),
        ("50%", "%", 0.5),
        ("1_000", "", 1000),
        ("1.2M", "", 1_200_000),
        (".5", "%", 0.5),
    ],
)
def test_numbers_with_units(text, unit, value):
    assert parse_quantity(text, unit) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "unit", "said"),
    [
        ("much", "J", "much is no number"),
        ("", "J", "'' is no number"),
        ("1 ms", "J", "ms is no unit here"),
        ("1 2", "J", "2 is no unit"),
        ("1 mW", "", "one of k, M, G"),
    ],
)
def test_others_are_refused_with_what_may_be(text, unit, said):
    with pytest.raises(ValueError, match=said):
        parse_quantity(text, unit)
