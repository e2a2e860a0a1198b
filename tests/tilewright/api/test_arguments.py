"""Arguments of the wrong kind."""

import pytest

import tilewright
from tilewright.api.arguments import hardware, require_choice, require_mapping


def test_a_choice_says_which_one_is_near():
    require_choice("x", "mean", ("mean", "worst"))
    with pytest.raises(tilewright.RequestError) as caught:
        require_choice("x", "wurst", ("mean", "worst"))
    said = "x = 'wurst': is none; did you mean 'worst'? choose of 'mean', 'worst'"
    assert str(caught.value) == said
    with pytest.raises(tilewright.RequestError, match=r"x = \[1\]: is none; choose of"):
        require_choice("x", [1], ("mean", "worst"))


def test_none_is_left_to_the_default():
    require_mapping("x", None)
    assert hardware(None) == tilewright.Config()
