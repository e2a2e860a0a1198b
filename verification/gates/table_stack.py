"""Many two-dimensional Liberty tables as one array: lookups in different ones go together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tilewright.verification.gates.liberty import Numbers, Table

Indices = npt.NDArray[np.int64]


class TableStack:
    """Answers as each table's `Table.at`: linear, outermost stretches continued.

    Parameters
    ----------
    tables: over at most the two ``axes``, in any order; a missing axis does not matter.
    axes: names of the first and the second axis.

    Raises KeyError for a table over another axis.
    """

    def __init__(self, tables: Sequence[Table], axes: tuple[str, str]) -> None:
        grids = [_grid(table, axes) for table in tables]
        sizes = [grid[2].shape for grid in grids] or [(1, 1)]
        rows, columns = (max(size[axis] for size in sizes) for axis in (0, 1))
        count = len(grids)
        self._sizes = np.array(sizes, np.int64).reshape(-1, 2)
        # No position lies beyond the points that only fill the array.
        self._points = np.full((2, count, max(rows, columns)), np.inf)
        self._values = np.zeros((count, rows, columns))
        for index, (first, second, values) in enumerate(grids):
            self._points[0, index, : len(first)] = first
            self._points[1, index, : len(second)] = second
            self._values[index, : values.shape[0], : values.shape[1]] = values

    def at(self, table: Indices, first: Numbers, second: Numbers) -> Numbers:
        """Values of the tables with the numbers ``table`` at positions along both axes, all [n]."""
        row, row_next, down = self._place(0, table, first)
        column, column_next, across = self._place(1, table, second)
        values = self._values
        near = values[table, row, column] * (1 - across) + values[table, row, column_next] * across
        far = (
            values[table, row_next, column] * (1 - across)
            + values[table, row_next, column_next] * across
        )
        return near * (1 - down) + far * down

    def _place(
        self, axis: int, table: Indices, position: Numbers
    ) -> tuple[Indices, Indices, Numbers]:
        """Points before and behind each position, and its share of the way between them."""
        points, last = self._points[axis], self._sizes[table, axis] - 1
        below = (points[table] < position[:, None]).sum(axis=1) - 1
        low = np.clip(below, 0, np.maximum(last - 1, 0))
        high = np.minimum(low + 1, last)
        start, end = points[table, low], points[table, high]
        share = np.where(high > low, (position - start) / np.where(high > low, end - start, 1), 0.0)
        return low, high, share


def _grid(table: Table, axes: tuple[str, str]) -> tuple[Numbers, Numbers, Numbers]:
    """Points of both axes, and values [first, second]; an axis that is missing has one point."""
    order = [table.axes.index(axis) for axis in axes if axis in table.axes]
    if len(order) != len(table.axes):
        raise KeyError(next(axis for axis in table.axes if axis not in axes))
    values = table.values.transpose(order)
    points: list[Numbers] = []
    for number, axis in enumerate(axes):
        if axis in table.axes:
            points.append(table.points[table.axes.index(axis)])
        else:
            points.append(np.zeros(1))
            values = np.expand_dims(values, number)
    return points[0], points[1], values
