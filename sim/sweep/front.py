"""The Pareto front: the points that no other one beats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pareto_front(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows of ``values`` (points x objectives, all minimised) are on the front.

    A point is on it unless another one is at least as good in every objective and better in one;
    equal points are on it together.
    """
    if not len(values):
        return np.zeros(0, dtype=np.bool_)
    # Sorted by the first objective, then the next: what dominates a point comes before it.
    unique, place = np.unique(values, axis=0, return_inverse=True)
    front = np.ones(len(unique), dtype=np.bool_)
    for number in range(len(unique)):
        if front[number]:
            later = unique[number + 1 :]
            front[number + 1 :] &= (later < unique[number]).any(axis=1)
    return front[place.reshape(-1)]
