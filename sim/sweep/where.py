"""Constraints over configuration fields: ``--where "rows * cols <= 256 and cpu == 'full'"``.

The expression is Python's, cut down to arithmetic, comparisons and logic over fields and
constants: nothing can be called, looked up or reached from it.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping, Sequence
from types import CodeType
from typing import Any

from tilewright.hw.spec.config import FIELDS
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import quoted
from tilewright.sim.sweep.candidate import Value
from tilewright.sim.sweep.schema import TEXT_FIELDS

_ALLOWED = (
    ast.Expression, ast.Load,
    ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod,
    ast.Tuple, ast.List, ast.Name, ast.Constant,
)  # fmt: skip
"""No powers and shifts: they are the operators that make an expression arbitrarily expensive."""


class Where:
    """Constraints that all must hold."""

    def __init__(self, expressions: Sequence[str]) -> None:
        """Raises RequestError that names the expression and what is wrong with it."""
        self.expressions = tuple(expressions)
        self._compiled = [(text, _compiled(text)) for text in expressions]

    @property
    def names(self) -> frozenset[str]:
        """Fields that they are about."""
        trees = (ast.parse(text.strip(), mode="eval") for text in self.expressions)
        nodes = (node for tree in trees for node in ast.walk(tree))
        return frozenset(node.id for node in nodes if isinstance(node, ast.Name))

    def holds(self, fields: Mapping[str, Value]) -> bool:
        """Whether all hold. Raises RequestError where one cannot be worked out."""
        return all(_evaluated(text, code, fields) for text, code in self._compiled)


def _compiled(text: str) -> CodeType:
    try:
        tree = ast.parse(text.strip(), mode="eval")
        for node in ast.walk(tree):
            _check(text, node)
        return compile(tree, "--where", "eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise RequestError(f"{_quoted(text)}: is no expression: {reason}") from None


def _check(text: str, node: ast.AST) -> None:
    if not isinstance(node, _ALLOWED):
        raise RequestError(
            f"{_quoted(text)}: {type(node).__name__} is not allowed; write comparisons (== != < "
            "<= > >= in), + - * / // %, and, or, not over fields and constants"
        )
    if isinstance(node, ast.Name) and node.id not in FIELDS:
        near = difflib.get_close_matches(node.id, FIELDS, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"fields: {', '.join(FIELDS)}"
        raise RequestError(
            f"{_quoted(text)}: unknown field {quoted(node.id)}; {hint} (a word stands in quotes)"
        )
    if isinstance(node, ast.BinOp) and not (_is_number(node.left) and _is_number(node.right)):
        raise RequestError(f"{_quoted(text)}: words and lists can be compared, not calculated with")
    if isinstance(node, ast.Constant) and not isinstance(node.value, int | float | str):
        raise RequestError(f"{_quoted(text)}: {node.value!r} is neither a number nor a word")


def _quoted(text: str) -> str:
    return f"--where {quoted(text)}"


def _is_number(node: ast.expr) -> bool:
    """Whether it is one whatever the fields are: ``or`` and ``and`` give one of their operands."""
    if isinstance(node, ast.Name):
        return node.id not in TEXT_FIELDS
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, str)
    if isinstance(node, ast.BoolOp):
        return all(map(_is_number, node.values))
    return not isinstance(node, ast.Tuple | ast.List)


def _evaluated(text: str, code: CodeType, fields: Mapping[str, Value]) -> bool:
    try:
        # Safe: only the nodes that _check lets through, and no builtins.
        value: Any = eval(code, {"__builtins__": {}}, dict(fields))
        return bool(value)
    except (ArithmeticError, TypeError, RecursionError, MemoryError) as error:
        raise RequestError(f"{_quoted(text)}: cannot be worked out: {error}") from None
