"""MEAN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hw.spec.kernels import mean_parameters
from hw.spec.steps import MEAN
from mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from mapper.operators.images import (
    Padding,
    Windows,
    image_fields,
    image_shape,
    quant_fields,
    require_image,
    window_objection,
)
from mapper.works.geometry import Operand, Region
from mapper.works.requantisation import uniform
from mapper.works.window import WindowWork
from mapper.works.work import Work


@dataclass(frozen=True, kw_only=True)
class Mean(Operator):
    """MEAN over H and W of x [1,H,W,C], requantised; the result is [1,1,1,C] or [1,C]."""

    kind: ClassVar[str] = "MEAN"
    writes_pixels: ClassVar[bool] = True

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the result, with or without the two axes."""
        channels, result = require_image(site)[3], site.result.shape
        return [result if result in ((1, 1, 1, channels), (1, channels)) else (1, channels)]

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        windows = Windows(site.x.shape[1:3], (1, 1), Padding())
        return window_objection(windows, site.result.shape[-1])

    def works(self, site: Site, rows: int) -> list[Work]:
        """Return a depthwise work of ones, whose window is the image."""
        x, result, image = site.x, site.result, image_shape(site.x)
        pixels = image[0] * image[1]
        factor = mean_parameters(x.scale, result.scale, pixels)
        return [
            WindowWork(
                input=Operand(x.name),
                output=Operand(result.name),
                input_shape=image,
                output_shape=(1, 1, image[2]),
                region=Region(0, 0, 1, 1),
                kernel=image[:2],
                stride=(1, 1),
                pad=(0, 0),
                pad_value=0,
                weights=np.ones((image[2], pixels), dtype=np.int8),
                requantisation=uniform(image[2], -pixels * x.zero_point, factor, result.zero_point),
                depthwise=True,
            )
        ]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        values = image_fields(site, cpu) | quant_fields(site)
        pixels = values["input_rows"] * values["input_cols"]
        factor = mean_parameters(site.x.scale, site.result.scale, pixels)
        values["multiplier"], values["shift"] = factor
        return [(MEAN, values)]
