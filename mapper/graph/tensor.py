"""One value of a network: shape, type, quantisation, and its data where it is constant."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np

from tilewright.hw.spec.errors import RequestError

DType = Literal["int8", "int16", "int32", "int64", "bool", "float32"]


@dataclass(frozen=True)
class Quant:
    """real = scale * (integer - zero_point).

    Per tensor (axis None, one entry each) or per channel of `axis` (as many entries as the axis is
    long). Scales are float32 values held as float.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int | None = None


@dataclass(frozen=True, eq=False)
class Tensor:
    """One value.

    `data` (read-only) is there for constants only. `index` is the tensor's number in a .tflite
    file, where it comes from one unchanged.
    """

    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: Quant | None = None
    data: np.ndarray[Any, np.dtype[Any]] | None = None
    index: int | None = None

    def __post_init__(self) -> None:
        if self.data is not None:
            data = self.data.view()
            data.setflags(write=False)
            object.__setattr__(self, "data", data)

    @property
    def elements(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """The bytes that it takes, without gaps."""
        return self.elements * np.dtype(self.dtype).itemsize

    @property
    def is_whole(self) -> bool:
        """Whether it is quantised with one scale and zero point."""
        return self.quant is not None and self.quant.axis is None

    @property
    def scale(self) -> float:
        """The scale of a tensor that is quantised as a whole."""
        return self._whole().scale[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a tensor that is quantised as a whole."""
        return self._whole().zero_point[0]

    def _whole(self) -> Quant:
        if self.quant is None or len(self.quant.scale) != 1:
            raise RequestError(
                f"tensor '{self.name}' has no per-tensor quantisation; activations need one scale "
                "and zero point each: quantise the network to int8 first"
            )
        return self.quant
