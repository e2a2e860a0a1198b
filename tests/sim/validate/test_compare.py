"""Hand-made counters: what is an error, and what is beyond a limit."""

from dataclasses import replace

import pytest

from tilewright.hw.spec.errors import CheckError
from tilewright.sim.validate.compare import (
    Comparison,
    Counted,
    LayerPair,
    relative,
)
from tilewright.sim.validate.report import require_limits, verdict

EVENTS = {"mac": 64_000, "memory_read_beats": 700}
CAUSES = {"busy": 9000, "transfer": 1000}


def layer(name: str, rtl: int, model: int, **changed: int) -> LayerPair:
    """A layer on the accelerator with these cycles; ``changed`` are events of the model."""
    chip = Counted(rtl, CAUSES, EVENTS)
    return LayerPair(name, "CONV_2D", "npu", chip, Counted(model, CAUSES, {**EVENTS, **changed}))


def comparison(*layers: LayerPair) -> Comparison:
    return Comparison("net", "design", layers)


def test_equal_counters_are_no_violation() -> None:
    equal = comparison(layer("a", 10_000, 10_000), layer("b", 90_000, 90_000))
    assert equal.violations() == ()
    assert (equal.error, equal.npu_off, equal.moved, equal.wrong_events) == (0, 0, 0, 0)
    require_limits([equal])


@pytest.mark.parametrize(
    ("cycles", "beyond"), [(101_000, 0), (99_000, 0), (101_001, 1), (98_999, 1)]
)
def test_a_network_may_be_off_by_a_hundredth(cycles: int, beyond: int) -> None:
    found = comparison(layer("a", 100_000, cycles)).violations()
    assert len(found) == beyond
    assert all(sentence.startswith("net on design: ") for sentence in found)


@pytest.mark.parametrize(("cycles", "beyond"), [(2040, 0), (1960, 0), (2041, 1), (1959, 1)])
def test_a_layer_may_be_off_by_two_hundredths(cycles: int, beyond: int) -> None:
    found = comparison(layer("a", 2000, cycles), layer("b", 998_000, 998_000)).violations()
    assert len(found) == beyond
    assert all("layer a" in sentence and "2%" in sentence for sentence in found)


@pytest.mark.parametrize(("rtl", "beyond"), [(1000, 0), (1001, 1)])
def test_layers_of_a_thousand_cycles_have_no_limit(rtl: int, beyond: int) -> None:
    assert (
        len(comparison(layer("a", rtl, 900), layer("b", 999_000, 999_000)).violations()) == beyond
    )


def test_an_event_more_is_beyond_the_limit() -> None:
    found = comparison(layer("a", 500, 500, mac=64_001)).violations()
    assert found == ("net on design, layer a: mac 64,001 instead of 64,000",)


def test_an_event_that_the_model_does_not_know_is_beyond_the_limit() -> None:
    pair = layer("a", 500, 500)
    without = replace(pair, model=replace(pair.model, events={"mac": 64_000}))
    assert comparison(without).wrong_events == 1


def test_cycles_by_another_cause_are_counted_twice_but_break_no_limit() -> None:
    pair = layer("a", 10_000, 10_000)
    other = replace(pair, model=replace(pair.model, causes={"busy": 8990, "drain": 1010}))
    found = comparison(other)
    assert found.moved == 10 + 1000 + 1010
    assert found.violations() == ()


def test_signs_do_not_cancel_out_in_cycles_off() -> None:
    found = comparison(layer("a", 10_000, 10_007), layer("b", 10_000, 9995))
    assert found.npu_off == 12
    assert found.error == 2 / 20_000


def test_the_worst_layer_is_the_one_with_the_largest_error_among_the_large() -> None:
    small, worse, better = layer("s", 10, 20), layer("w", 2000, 1980), layer("b", 9000, 9045)
    worst = comparison(small, better, worse).worst
    assert worst is worse
    assert comparison(small).worst is None


def test_nothing_instead_of_nothing_is_right() -> None:
    assert relative(0, 0) == 0
    assert relative(5, 0) == float("inf")
    assert relative(99, 100) == -0.01


def test_beyond_the_limits_the_worst_is_named_first() -> None:
    good = comparison(layer("g", 100_000, 100_000))
    bad = comparison(layer("b", 100_000, 102_000))
    worse = replace(comparison(layer("w", 100_000, 95_000)), network="worse")
    with pytest.raises(CheckError) as caught:
        require_limits([good, bad, worse])
    message = str(caught.value)
    assert "2 of 3" in message
    assert message.index("worse on design") < message.index("net on design")
    assert CheckError.exit_status == 3
    assert verdict([good, bad, worse]).startswith("1 of 3 comparisons keep the limits")
    assert "-5.000%, worse" in verdict([good, bad, worse])
