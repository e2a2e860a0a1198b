import pytest

from sim.report.units import count, percent, quantity, share, shortened


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.3e-6, "12.3 uJ"),
        (0, "0 J"),
        (1.5, "1.5 J"),
        (999e-9, "999 nJ"),
        (3e-13, "0.3 pJ"),
        (None, "-"),
    ],
)
def test_quantity(value, text):
    assert quantity(value, "J") == text


def test_counts_and_shares():
    assert count(1234567) == "1,234,567"
    assert count(None) == "-"
    assert percent(0.1234) == "12.3%"
    assert percent(share(None, 3)) == "-"
    assert share(1, 0) is None


def test_long_names_keep_both_ends():
    short = shortened("model/block_1/conv2d/BiasAdd;model/relu", 15)
    assert len(short) == 15
    assert short.startswith("model/b")
    assert short.endswith("el/relu")
    assert shortened("conv", 15) == "conv"
