"""Frames, with pandas and without."""

import sys

import pytest

import tilewright
from tilewright.api.frames import to_frame


def test_columns_are_in_order_though_there_are_no_rows():
    frame = to_frame([{"b": 1, "a": "x", "c": 0}], ("a", "b"), index="a")
    assert frame.loc["x"].to_dict() == {"b": 1}
    assert list(to_frame([], ("a", "b")).columns) == ["a", "b"]


def test_without_pandas_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        tilewright.RequestError, match=r"get it with: pip install .*(pandas|frames)"
    ):
        to_frame([], ())
