import pytest

from tilewright.sim.report.units import (
    count,
    counted,
    duration,
    percent,
    quantity,
    share,
    short_names,
    shortened,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.3e-6, "12.3 µJ"),
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


@pytest.mark.parametrize(
    ("names", "width", "shown"),
    [
        (["conv1", "dw2"], 8, ["conv1", "dw2"]),
        # Only long names lose what they share, in whole words.
        (["net/block1/conv;bias", "net/block2/conv;bias", "fc"], 8, ["block1", "block2", "fc"]),
        (["net/a_very_long_one", "net/another_long_one"], 9, ["a_very", "another"]),
        (["net/one_and_only/name"], 9, ["net/…name"]),
        (["same/long/name", "same/long/name"], 8, ["sam…name", "sam…name"]),
        ([], 8, []),
    ],
)
def test_short_names_tell_layers_apart(names, width, shown):
    assert short_names(names, width) == shown


def test_counted():
    assert [counted(number, "point") for number in (0, 1, 2000)] == [
        "0 points",
        "1 point",
        "2,000 points",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.02, "20 ms"),
        (59, "59 s"),
        (60, "1 minute"),
        (5400, "1.5 hours"),
        (86_400, "1 day"),
        (2 * 365.25 * 86_400, "2 years"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
