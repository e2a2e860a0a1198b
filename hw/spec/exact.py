"""Exact products of integer matrices by floating-point BLAS.

NumPy's own loops over integers are many times slower.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SINGLE = 1 << 24
"""Integers up to here are exact in float32."""


def exact_matmul(
    left: NDArray[Any], right: NDArray[Any], largest_product: int
) -> NDArray[np.int64]:
    """``left`` [m, k] @ ``right`` [k, n] of integers, as int64.

    ``largest_product`` bounds the magnitude of one product of elements; k of them must stay below
    2^53, the limit of float64.
    """
    bound = left.shape[1] * largest_product
    assert bound <= 1 << 53
    exact = np.float32 if bound <= _SINGLE else np.float64
    # OpenBLAS works on whole vector registers and may raise the processor's "invalid" flag on lanes
    # that are part of no result. A true NaN would still be reported: it has no integer value.
    with np.errstate(invalid="ignore"):
        product = left.astype(exact, copy=False) @ right.astype(exact, copy=False)
    return product.astype(np.int64)
