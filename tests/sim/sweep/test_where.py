import pytest

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.sweep.where import Where

FIELDS = {**Config().flat(), "rows": 16, "cols": 8, "cpu": "imac"}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("rows * cols <= 128", True),
        ("rows * cols < 128", False),
        ("cpu == 'imac'", True),
        ('cpu in ("full", "lite")', False),
        ("cpu not in ['full']", True),
        ("not rows == 4 and 4 <= cols < 9", True),
        ("rows == 4 or cols == -8", False),
        ("scratchpad_bytes // (rows - 15) % 7 != 0.5", True),
        ("  rows / cols == 2  ", True),
    ],
)
def test_expressions(expression, holds):
    assert Where([expression]).holds(FIELDS) is holds


def test_all_must_hold():
    assert Where([]).holds(FIELDS)
    assert Where(["rows == 16", "cols == 8"]).holds(FIELDS)
    assert not Where(["rows == 16", "cols == 9"]).holds(FIELDS)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("scratchpad_byte <= 4", "did you mean scratchpad_bytes"),
        ("cpu == full", "quotes"),
        ("rows =", "no expression"),
        ("", "no expression"),
        ("rows\0", "no expression"),
        ("(" * 500, "no expression"),
        ("__import__('os').system('true')", "not allowed"),
        ("(1).__class__", "not allowed"),
        ("rows ** 9", "not allowed"),
        ("1 << rows", "not allowed"),
        ("[x for x in (1,)]", "not allowed"),
        ("rows if cols else 1", "not allowed"),
        ("cpu * 999999999 == 'x'", "words and lists can be compared"),
        ("'x' * rows == cpu", "words and lists can be compared"),
        ("+".join(["rows"] * 5000), "no expression"),
        ("('%z' or 0) % 5", "words and lists can be compared"),
        ("((1,) * 30000) * 30000 == 1", "words and lists can be compared"),
        ("(rows or (1, 2)) * 9 == 1", "words and lists can be compared"),
        ("[rows] + [cols]", "words and lists can be compared"),
        ("rows == None", "neither a number nor a word"),
        ("rows == 1j", "neither a number nor a word"),
    ],
)
def test_anything_else_is_refused(expression, said):
    with pytest.raises(RequestError, match=said):
        Where([expression])


@pytest.mark.parametrize("expression", ["rows % (cols - 8)", "cpu > 3"])
def test_what_cannot_be_worked_out_is_refused(expression):
    with pytest.raises(RequestError, match="cannot be worked out"):
        Where([expression]).holds(FIELDS)
