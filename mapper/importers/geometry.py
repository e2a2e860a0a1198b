"""Padding of windowed operators from the conventions of the file formats."""

from collections.abc import Sequence

from tilewright.mapper.operators.images import Padding


def same_padding(
    image: Sequence[int], window: Sequence[int], stride: Sequence[int], *, odd_first: bool = False
) -> Padding:
    """The padding that gives ceil(image / stride) pixels; each argument is (vertical, horizontal).

    Where an odd number is added the extra pixel goes below and right (TFLite's SAME and ONNX's
    SAME_UPPER), or above and left with `odd_first` (SAME_LOWER).
    """
    total = [
        max((-(-size // step) - 1) * step + kernel - size, 0)
        for size, kernel, step in zip(image, window, stride, strict=True)
    ]
    before = [(amount + 1) // 2 if odd_first else amount // 2 for amount in total]
    return Padding(
        top=before[0], left=before[1], bottom=total[0] - before[0], right=total[1] - before[1]
    )
