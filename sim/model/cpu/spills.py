"""What the kernels of the weighted operators keep on their stack and load again, by loop.

Offsets in bytes from the frame's lowest address, in the order of the machine code. They are the
compiler's choice, read off its output; `verification.cpu_costs` stops when they no longer explain
the misses that it measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """Spills around the loops of channels that are computed together.

    Attributes
    ----------
    channels: computed together.
    before: in front of the window.
    row: in front of each of its rows; ``row_end`` behind it.
    chunk: in front of each chunk of unrolled products; ``chunk_end`` behind it.
    rescale: of each channel, what is loaded behind its bias, multiplier and shift.
    start: in front of the first channel's.
    """

    channels: int
    before: Sequence[int] = ()
    row: Sequence[int] = ()
    row_end: Sequence[int] = ()
    chunk: Sequence[int] = ()
    chunk_end: Sequence[int] = ()
    start: Sequence[int] = ()
    rescale: Sequence[Sequence[int]] = ()


@dataclass(frozen=True)
class Spills:
    """Of a kernel: around its pixels, in groups of four channels, and in the single ones."""

    pixel: Sequence[int]
    group: Block
    single: Block


CONV_2D = Spills(
    pixel=(108, 120, 76, 80, 112, 84, 116, 88, 92, 104, 96, 100, 60, 56, 52, 64, 72, 48, 44, 40),
    group=Block(
        channels=4,
        before=(204, 208, 124, 200, 136),
        row=(252,),
        row_end=(216, 212, 224, 220, 244, 240, 236, 232, 268, 256, 260, 272, 276, 248),
        chunk=(272, 276),
        chunk_end=(268, 264, 280),
        start=(196, 184, 180, 176),
        rescale=(
            (196, 156, 152, 172, 168, 164, 200, 192),
            (),
            (188, 248, 160, 148, 144),
            (140, 128, 208, 204),
        ),
    ),
    single=Block(
        channels=1,
        before=(280, 136),
        row=(252,),
        start=(184, 180, 176),
        rescale=((164, 172, 168, 188, 192, 132),),
    ),
)

FULLY_CONNECTED = Spills(
    pixel=(),
    group=Block(
        channels=4,
        chunk=(72,),
        chunk_end=(68, 64, 60),
        row_end=(12, 8, 24, 20, 16, 44, 36),
        start=(48, 56),
        rescale=((40, 72, 32), (52,), (), (28, 68, 64)),
    ),
    single=Block(channels=1, row_end=(36, 24, 20, 16, 40), start=(56,), rescale=((44,),)),
)

DEPTHWISE_CONV_2D = Spills(
    pixel=(48, 56, 100, 24, 28, 12, 16, 8, 52, 32, 40, 36, 44),
    group=Block(
        channels=4,
        before=(88, 72, 92),
        row=(76,),
        row_end=(84, 80),
        start=(72, 64, 60, 96),
        rescale=((68, 104, 100, 72), (104,), (104,), (104, 92)),
    ),
    single=Block(channels=1, before=(88, 92), start=(96,), rescale=((104, 100, 92),)),
)

SOFTMAX_KEPT = 0
"""Where the softmax keeps a row's exponentials."""
