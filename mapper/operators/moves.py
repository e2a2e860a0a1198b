"""PAD and RESHAPE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from hw.spec.steps import PAD
from mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from mapper.operators.images import (
    MAX_WINDOW,
    Padding,
    channel_objection,
    image_fields,
    image_shape,
    require_image,
)
from mapper.works.geometry import Operand
from mapper.works.pointwise import pointwise
from mapper.works.requantisation import IDENTITY, uniform
from mapper.works.work import Work


@dataclass(frozen=True, kw_only=True)
class Pad(Operator):
    """PAD of H and W with the zero point; input and output share one quantisation."""

    kind: ClassVar[str] = "PAD"
    keeps_quantisation: ClassVar[bool] = True
    writes_pixels: ClassVar[bool] = True

    padding: Padding

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape with the padding."""
        pad, (n, h, w, c) = self.padding, require_image(site)
        return [(n, h + pad.top + pad.bottom, w + pad.left + pad.right, c)]

    def changes_nothing(self, site: Site) -> bool:
        """Whether the result is the input."""
        return not self.padding.any()

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        before = max(self.padding.top, self.padding.left)
        if before > MAX_WINDOW:
            return f"padding of {before} pixels exceeds {MAX_WINDOW}"
        return channel_objection(site.result.shape[-1])

    def works(self, site: Site, rows: int) -> list[Work]:
        """Return a depthwise work of one tap."""
        x, shapes = site.x, (image_shape(site.x), image_shape(site.result))
        return [
            pointwise(
                Operand(x.name),
                Operand(site.result.name),
                shapes,
                uniform(shapes[1][2], 0, IDENTITY),
                pad=(self.padding.top, self.padding.left),
                pad_value=x.zero_point,
            )
        ]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        pad = self.padding
        values = image_fields(site, cpu) | {"top": pad.top, "left": pad.left}
        values |= {"bottom": pad.bottom, "right": pad.right, "value": site.x.zero_point}
        return [(PAD, values)]


@dataclass(frozen=True, kw_only=True)
class Reshape(Operator):
    """RESHAPE: the same elements in the same order, in the output tensor's shape."""

    kind: ClassVar[str] = "RESHAPE"
    keeps_quantisation: ClassVar[bool] = True
    is_view: ClassVar[bool] = True

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the result's own shape where it has as many elements."""
        shape, result = site.x.shape, site.result.shape
        return [result if prod(shape) == prod(result) else shape]

    def objection(self, site: Site) -> str | None:
        """A view is on every engine."""
        return None

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return no step: the bytes stay where they are."""
        return []
