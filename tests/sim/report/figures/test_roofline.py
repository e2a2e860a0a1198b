from dataclasses import replace

import pytest

from tilewright.sim.report.figures.roofline import roofline_figure, roofline_points


def test_a_point_is_products_by_byte_and_by_cycle(result):
    (point,) = roofline_points(result)
    # 32,000 products, 507 bytes of traffic, 600 cycles.
    assert (point.name, point.intensity, point.rate) == (
        "conv<1>[x]",
        pytest.approx(63.117, abs=1e-3),
        pytest.approx(53.333, abs=1e-3),
    )


def test_ceilings_are_the_bus_and_the_array(result):
    (axes,) = roofline_figure(result).axes
    xs, ys = axes.lines[0].get_data()
    # 64 elements; 8 bytes a cycle. They meet at 8 products a byte.
    assert (xs[1], ys[1], ys[2]) == (8, 64, 64)
    assert ys[0] == pytest.approx(8 * xs[0])
    (points,) = axes.collections
    assert points.get_offsets().tolist() == [[pytest.approx(63.117, abs=1e-3),
                                              pytest.approx(53.333, abs=1e-3)]]  # fmt: skip
    assert "conv<1>[x]" in [text.get_text() for text in axes.texts]


def test_layers_without_products_or_traffic_have_no_point(result):
    conv = replace(result.layers[1], events={"main_memory_read_bytes": 0})
    pool = replace(result.layers[1], macs=0)
    on_cpu = replace(result.layers[1], engine="cpu")
    assert roofline_points(replace(result, layers=(conv, pool, on_cpu))) == []


def test_small_points_have_names_as_well(result):
    """Thirty layers of which half take next to no cycles, as depthwise ones do."""
    conv = result.layers[1]
    layers = tuple(
        replace(
            conv,
            name=f"{kind}{i}",
            op=op,
            cycles=cycles,
            macs=macs,
            events={"main_memory_read_bytes": 40 * (i + 1)},
        )
        for i in range(15)
        for kind, op, cycles, macs in (
            ("pw", "CONV_2D", 9000, 500_000),
            ("dw", "DEPTHWISE_CONV_2D", 700, 20_000),
        )
    )
    (axes,) = roofline_figure(replace(result, layers=layers)).axes
    named = {text.get_text() for text in axes.texts}
    assert {f"{kind}{i}" for kind in ("pw", "dw") for i in range(15)} <= named
