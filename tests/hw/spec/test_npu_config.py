"""Configuration of the accelerator: what follows from its array."""

import pytest

from tilewright.hw.spec.npu_config import NpuConfig


@pytest.mark.parametrize(
    ("rows", "cols", "port", "lanes"),
    [(8, 8, 16, 8), (2, 2, 16, 2), (6, 10, 16, 6), (17, 4, 32, 17), (4, 32, 32, 4)],
)
def test_widths_follow_the_array(rows: int, cols: int, port: int, lanes: int) -> None:
    config = NpuConfig(rows=rows, cols=cols)
    assert (config.port_bytes, config.requantiser_lanes) == (port, lanes)


def test_every_array_shape_can_be_built() -> None:
    for rows in range(2, 33):
        for cols in range(2, 33):
            config = NpuConfig(rows=rows, cols=cols)
            assert config.port_bytes >= rows
            assert config.convolution_slots >= 2
            assert config.depthwise_slots > config.depthwise_kernel
