"""An operator's knowledge stands in its room: nobody else names a kind of operator or of step."""

import ast
from pathlib import Path

import tilewright.mapper.operators
from tilewright.hw.spec.steps import STEP_KINDS
from tilewright.mapper.graph.operator import Operator
from tilewright.mapper.importers.tflite import importer  # noqa: F401  (loads every family)

PROJECT = Path(__file__).parents[1]
ROOMS = (
    "hw/spec/steps/",
    "hw/spec/arithmetic/",
    "hw/spec/softmax.py",
    "hw/spec/normalisation.py",
    "mapper/operators/",
    "mapper/importers/",
    "mapper/moves/",
    "mapper/windows/",
)
MEASURES = ("sim/measure/",)
"""What sorts published tables by kind of layer."""

COMMON = {"NPU", "STEP_KINDS", "BY_NAME", "StepKind", "Bound", "MainMemory", "Values"}
"""What hw.spec.steps offers besides kinds: `NPU` is the accelerator's stream, no operator."""

# Names that are a command of the accelerator or an English word as well.
AMBIGUOUS = {"ADD", "MOVE", "NPU", "SUM", "COPY", "FILL", "PAD", "LOG", "EXP", "SIN", "COS", "TILE"}


def sources() -> list[Path]:
    files = [p for folder in ("hw", "mapper", "sim") for p in (PROJECT / folder).rglob("*.py")]
    names = {p: p.relative_to(PROJECT).as_posix() for p in files}
    return [p for p, name in names.items() if not name.startswith((*ROOMS, *MEASURES))]


def kinds() -> set[str]:
    found, todo = set(), [Operator]
    while todo:
        cls = todo.pop()
        todo += cls.__subclasses__()
        kind = getattr(cls, "kind", None)
        if isinstance(kind, str):
            found.add(kind)
    return found | {kind.name for kind in STEP_KINDS}


def test_the_rooms_hold_operators():
    assert {"CONV_2D", "SOFTMAX", "TRANSPOSE", "LOGISTIC"} <= kinds()
    assert (
        Path(tilewright.mapper.operators.__file__).resolve().parent
        == PROJECT / "mapper" / "operators"
    )


def test_nobody_else_names_a_kind():
    known = kinds() - AMBIGUOUS
    for path in sources():
        where = path.relative_to(PROJECT).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "tilewright.hw.spec.steps":
                assert {alias.name for alias in node.names} <= COMMON, f"{where}:{node.lineno}"
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in known, f"{where}:{node.lineno} names {node.value}"
