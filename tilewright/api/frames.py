"""Rows as data frames, where pandas is installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.extras import install_command

if TYPE_CHECKING:
    import pandas as pd


def to_frame(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], index: str | None = None
) -> pd.DataFrame:
    """A data frame of these ``columns`` of rows; ``index``: the one that names the rows.

    Raises RequestError where pandas is not installed.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        if error.name != "pandas":
            raise
        raise RequestError(
            f"frames need pandas, which is not installed; get it with: {install_command('frames')}"
        ) from None
    frame = pd.DataFrame(list(rows), columns=list(columns))
    return frame if index is None else frame.set_index(index)
