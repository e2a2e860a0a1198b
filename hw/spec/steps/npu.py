"""The step that runs a command stream of the accelerator."""

from __future__ import annotations

from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values


def _run(v: Values, memory: MainMemory) -> None:
    raise CheckError("an NPU step was handed to the CPU: the accelerator runs command streams")


def _bound(v: Values) -> Bound:
    raise CheckError("an NPU step has no bound of the CPU: its commands tell it")


NPU = StepKind("NPU", ("commands*",), _run, _bound)
"""``commands`` is the main memory address of the stream."""
