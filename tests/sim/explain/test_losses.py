from dataclasses import replace

from tilewright.sim.explain.losses import losses_of
from tilewright.sim.explain.rows import computing, layers_text, signed
from tilewright.sim.results.result import Geometry

GEOMETRY = Geometry(inputs=((1, 2),), output=(1, 2))


def explained(result):
    """The rows of the fixture: firmware 100, a layer of 600, one on the CPU of 300."""
    first, conv, softmax = result.layers
    conv = replace(conv, idle={"idle columns": 120, "idle rows": 0})
    softmax = replace(softmax, geometry=GEOMETRY, reason="the NPU has no exponential")
    return replace(result, layers=(first, conv, softmax))


def test_losses_are_ranked_and_with_what_computes_make_the_whole(result):
    whole = explained(result)
    losses = losses_of(whole)
    assert [(loss.cause, loss.cycles) for loss in losses] == [
        ("on the CPU", 300), ("idle columns", 120), ("firmware", 100), ("weights", 60),
        ("drain", 30),
    ]  # fmt: skip
    # 600 cycles of the layer, without 120 idle and 90 of waiting.
    assert computing(whole, losses) == 390
    assert layers_text(losses[0]) == "softmax 300: the NPU has no exponential"


def test_operators_on_the_cpu_are_told_apart_by_reason_and_layers_ranked(result):
    whole = explained(result)
    rows = [
        replace(whole.layers[2], name=f"op {n}", cycles=n, reason=reason)
        for n, reason in ((10, "a"), (30, "b"), (20, "b"), (40, "b"), (5, "b"))
    ]
    losses = losses_of(replace(whole, layers=tuple(rows)))
    assert [(loss.cycles, loss.meaning) for loss in losses] == [(95, "b"), (10, "a")]
    assert layers_text(losses[0]) == "op 40 40, op 30 30, op 20 20, 1 more: b"


def test_a_change_has_its_sign():
    assert [signed(value) for value in (0.0123, -0.5, 0.0001, -0.0001, None)] == [
        "+1.2%", "-50.0%", "0.0%", "0.0%", "-",
    ]  # fmt: skip
