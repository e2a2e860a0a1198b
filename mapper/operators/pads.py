"""PAD, MIRROR_PAD and a pad that repeats the edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.graph.operator import Shape, Site
from tilewright.mapper.moves import operators as plan
from tilewright.mapper.moves.copy import Move
from tilewright.mapper.operators.images import (
    MAX_WINDOW,
    Padding,
    channel_objection,
    image_shape,
)
from tilewright.mapper.operators.moves import Moved, element_bytes, stored, zero
from tilewright.mapper.works.geometry import Operand
from tilewright.mapper.works.pointwise import pointwise
from tilewright.mapper.works.requantisation import IDENTITY, uniform
from tilewright.mapper.works.work import Work

Pairs = tuple[tuple[int, int], ...]


def _padded(site: Site, pads: Pairs) -> Shape:
    shape = site.x.shape
    if len(pads) != len(shape) or min((n for pair in pads for n in pair), default=0) < 0:
        site.refuse(f" cannot pad {shape} by {pads}")
    return tuple(n + before + after for n, (before, after) in zip(shape, pads, strict=True))


@dataclass(frozen=True, kw_only=True)
class Pad(Moved):
    """PAD with (before, after) elements along each axis; ``value`` None is the zero point.

    What has no quantisation is padded with 0.
    """

    kind: ClassVar[str] = "PAD"

    pads: Pairs
    value: int | None = None

    @classmethod
    def image(cls, padding: Padding) -> Pad:
        """Return the PAD of H and W with the zero point."""
        rows, cols = (padding.top, padding.bottom), (padding.left, padding.right)
        return cls(pads=((0, 0), rows, cols, (0, 0)))

    @property
    def padding(self) -> Padding:
        """The pixels around an image."""
        (top, bottom), (left, right) = self.pads[1:3]
        return Padding(top=top, left=left, bottom=bottom, right=right)

    def is_image_padding(self, site: Site) -> bool:
        """Whether it adds pixels with the zero point around an image, as convolutions do."""
        sides = len(self.pads) == 4 and not any((*self.pads[0], *self.pads[3]))
        return sides and site.x.shape[0] == 1 and self._value(site) == zero(site)

    def _value(self, site: Site) -> int:
        return zero(site) if self.value is None else self.value

    def _is_window(self, site: Site) -> bool:
        """Whether a depthwise command of one tap can do it."""
        return self.is_image_padding(site) and site.x.dtype == "int8"

    def leaves_gaps(self, site: Site) -> bool:
        """Whether it is a depthwise command, which writes pixel by pixel."""
        return self._is_window(site)

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape with the padding."""
        return [_padded(site, self.pads)]

    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result."""
        return plan.pad(site.x.shape, self.pads, stored(site, self._value(site)))

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        if not self._is_window(site):
            return None
        before = max(self.padding.top, self.padding.left)
        if before > MAX_WINDOW:
            return f"padding of {before} pixels exceeds {MAX_WINDOW}"
        return channel_objection(site.result.shape[-1])

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return a depthwise work of one tap, or one of the mover."""
        if not self._is_window(site):
            return Moved.works(self, site, npu)
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


class Mirror(Enum):
    """What a pad takes from the tensor itself."""

    REFLECT = "reflect"
    """Mirrored; the edge is not repeated."""
    SYMMETRIC = "symmetric"
    """Mirrored with the edge."""
    EDGE = "edge"
    """The edge again and again."""


@dataclass(frozen=True, kw_only=True)
class MirrorPad(Moved):
    """MIRROR_PAD with (before, after) elements along each axis."""

    kind: ClassVar[str] = "MIRROR_PAD"

    pads: Pairs
    mirror: Mirror

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape with the padding."""
        spare = {Mirror.REFLECT: 1, Mirror.SYMMETRIC: 0}.get(self.mirror)
        if spare is not None:
            for extent, pair in zip(site.x.shape, self.pads, strict=False):
                if max(pair) > extent - spare:
                    site.refuse(f" cannot mirror {max(pair)} elements of an axis of {extent}")
        return [_padded(site, self.pads)]

    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result."""
        shape, size = site.x.shape, element_bytes(site)
        if self.mirror is Mirror.EDGE:
            return plan.edge_pad(shape, self.pads, size)
        twice = self.mirror is Mirror.SYMMETRIC
        return plan.mirror_pad(shape, self.pads, size, edge_twice=twice)
