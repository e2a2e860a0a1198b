"""DEPTH_TO_SPACE, SPACE_TO_DEPTH, SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tilewright.mapper.graph.operator import Shape, Site
from tilewright.mapper.moves import operators as plan
from tilewright.mapper.moves.copy import Move
from tilewright.mapper.operators.moves import Moved, element_bytes, stored, zero

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class DepthToSpace(Moved):
    """DEPTH_TO_SPACE of [N,H,W,C] by ``block``; ``depth_first`` False is ONNX's mode CRD."""

    kind: ClassVar[str] = "DEPTH_TO_SPACE"

    block: int
    depth_first: bool = True

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape with larger images of fewer channels."""
        shape, square = site.x.shape, self.block * self.block
        if len(shape) != 4 or self.block < 1 or shape[3] % square:
            site.refuse(f" needs [N,H,W,C] with channels a multiple of {square}, not {shape}")
        return [(shape[0], shape[1] * self.block, shape[2] * self.block, shape[3] // square)]

    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result."""
        size = element_bytes(site)
        return plan.depth_to_space(site.x.shape, self.block, size, depth_first=self.depth_first)


@dataclass(frozen=True, kw_only=True)
class SpaceToDepth(Moved):
    """SPACE_TO_DEPTH of [N,H,W,C] by ``block``."""

    kind: ClassVar[str] = "SPACE_TO_DEPTH"

    block: int

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape with smaller images of more channels."""
        shape, block = site.x.shape, self.block
        if len(shape) != 4 or block < 1 or shape[1] % block or shape[2] % block:
            site.refuse(f" needs [N,H,W,C] with H and W multiples of {block}, not {shape}")
        return [(shape[0], shape[1] // block, shape[2] // block, shape[3] * block * block)]

    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result."""
        return plan.space_to_depth(site.x.shape, self.block, element_bytes(site))


@dataclass(frozen=True, kw_only=True)
class SpaceToBatchNd(Moved):
    """SPACE_TO_BATCH_ND: ``block`` and ``pads`` (before, after) of the axes behind the batch."""

    kind: ClassVar[str] = "SPACE_TO_BATCH_ND"

    block: tuple[int, ...]
    pads: Pairs

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape with a batch for each place in a block."""
        shape = site.x.shape
        _require_blocks(site, self.block, self.pads)
        padded = [n + sum(around) for n, around in zip(shape[1:], self.pads, strict=False)]
        if any(n % step for n, step in zip(padded, self.block, strict=True)):
            site.refuse(f": {padded} is no multiple of the block {self.block}")
        smaller = (n // step for n, step in zip(padded, self.block, strict=True))
        return [(shape[0] * prod(self.block), *smaller, *shape[1 + len(self.block) :])]

    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result.

        Padding is the zero point, as in TensorFlow Lite: TFLM pads with what its memory holds.
        """
        value = stored(site, zero(site))
        return plan.space_to_batch_nd(site.x.shape, self.block, self.pads, value)


@dataclass(frozen=True, kw_only=True)
class BatchToSpaceNd(Moved):
    """BATCH_TO_SPACE_ND: ``block`` and ``crops`` (before, after) of the axes behind the batch."""

    kind: ClassVar[str] = "BATCH_TO_SPACE_ND"

    block: tuple[int, ...]
    crops: Pairs

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape with larger images, cropped."""
        shape = site.x.shape
        _require_blocks(site, self.block, self.crops)
        larger = [
            n * step - before - after
            for n, step, (before, after) in zip(
                shape[1 : 1 + len(self.block)], self.block, self.crops, strict=True
            )
        ]
        if shape[0] % prod(self.block) or min(larger, default=1) < 1:
            site.refuse(f" cannot make blocks {self.block} of {shape} and crop {self.crops}")
        return [(shape[0] // prod(self.block), *larger, *shape[1 + len(self.block) :])]

    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result."""
        size = element_bytes(site)
        return plan.batch_to_space_nd(site.x.shape, self.block, self.crops, size)


def _require_blocks(site: Site, block: tuple[int, ...], pairs: Pairs) -> None:
    fits = len(block) == len(pairs) < len(site.x.shape)
    if not fits or min(block, default=1) < 1 or min(n for pair in pairs for n in pair) < 0:
        site.refuse(f" has the block {block} and {pairs} for {site.x.shape}")
