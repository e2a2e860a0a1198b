from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from tilewright.sim.schemas.typed import attributes, closed, field_of, of_type, record


@dataclass
class Inner:
    """A point."""

    x: int


@dataclass
class Example:
    """What it is,
    in a sentence.

    More of it.

    Attributes:
        name: of the thing,
            in ``two`` lines; None where nobody knows.
        low, high: limits.
    """

    name: str | None
    low: float
    high: float
    inner: Inner | None


@dataclass
class Numpy:
    """Other style.

    Attributes
    ----------
    kind: of it.
    """

    kind: Literal["a", "b"]


def test_attributes_of_both_styles_are_sentences():
    assert attributes(Example) == {
        "name": "Of the thing, in two lines; null where nobody knows.",
        "low": "Limits.",
        "high": "Limits.",
    }
    assert attributes(Numpy) == {"kind": "Of it."}
    assert attributes(Inner) == {}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (int, {"type": "integer"}),
        (bool, {"type": "boolean"}),
        (Path, {"type": "string"}),
        (float | None, {"type": ["number", "null"]}),
        (Literal["x", "y"], {"enum": ["x", "y"]}),
        (tuple[str, ...], {"type": "array", "items": {"type": "string"}}),
        (Mapping[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (
            tuple[int, str],
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
    ],
)
def test_a_type_has_a_form(kind, expected):
    assert of_type(kind) == expected


def test_a_type_without_a_form_is_refused():
    with pytest.raises(TypeError, match="has no form in JSON"):
        of_type(complex)


def test_a_record_has_all_fields_and_no_others():
    found = record(Example, {"high": {"const": 1}, "more": {"type": "string"}})
    assert found["description"] == "What it is, in a sentence."
    assert found["required"] == ["name", "low", "inner", "high", "more"]
    assert found["additionalProperties"] is False
    assert found["properties"]["high"] == {"const": 1}
    assert found["properties"]["inner"] == {
        "anyOf": [closed({"x": {"type": "integer"}}, "A point."), {"type": "null"}]
    }
    assert field_of(Example, "low") == {"type": "number", "description": "Limits."}
