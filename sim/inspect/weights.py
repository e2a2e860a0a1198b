"""What stored weights are like: bytes, zeros, and how many bits a value carries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tilewright.mapper.graph.tensor import Tensor


@dataclass(frozen=True)
class WeightFigures:
    """Figures of some constants.

    Attributes
    ----------
    bytes: of all of them, biases and tables included.
    values: how many of them are int8.
    zeros: how many of the values are zero.
    entropy_bits: entropy of the values' distribution, in bits a value: a code of single values
        cannot be shorter on average.
    """

    bytes: int
    values: int = 0
    zeros: int = 0
    entropy_bits: float = 0.0

    @property
    def zero_share(self) -> float | None:
        """Of the int8 values; None where there are none."""
        return self.zeros / self.values if self.values else None


def weight_figures(tensors: Iterable[Tensor]) -> WeightFigures:
    """Figures of the constants among tensors, each counted once."""
    stored = {tensor.name: tensor for tensor in tensors if tensor.data is not None}
    counts = np.zeros(256, dtype=np.int64)
    for tensor in stored.values():
        if tensor.dtype == "int8" and tensor.data is not None:
            values = np.ascontiguousarray(tensor.data, dtype=np.int8).view(np.uint8).reshape(-1)
            counts += np.bincount(values, minlength=256)
    total = int(counts.sum())
    shares = counts[counts > 0] / total if total else np.zeros(0)
    return WeightFigures(
        bytes=sum(tensor.bytes for tensor in stored.values()),
        values=total,
        zeros=int(counts[0]),
        entropy_bits=float(-(shares * np.log2(shares)).sum()) + 0.0,
    )
