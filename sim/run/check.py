"""The comparison of a backend's outputs with the reference's, and what is kept when they differ."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.mapper.program.program import Program
from tilewright.sim.files import writing
from tilewright.sim.functional.backend import FunctionalResult
from tilewright.sim.results.result import Check
from tilewright.sim.rtl.backend import RtlResult
from tilewright.verification.tools.cache import run_folder

Tensors = Mapping[str, NDArray[Any]]

SHOWN = 3


def compare(reference: Tensors, found: Tensors) -> tuple[Check, str]:
    """The count of differing elements, and a sentence on the first of them (empty if none).

    Both hold the same tensors, by name.
    """
    elements = sum(tensor.size for tensor in reference.values())
    mismatches, examples = 0, list[str]()
    for name, expected in reference.items():
        different = np.argwhere(expected != found[name])
        mismatches += len(different)
        for place in different[: SHOWN - len(examples)]:
            index = tuple(place.tolist())
            examples.append(f"{name}{list(index)} is {found[name][index]}, not {expected[index]}")
    check = Check(reference="functional", elements=elements, mismatches=mismatches)
    if not mismatches:
        return check, ""
    return check, (
        f"{mismatches:,} of {elements:,} output elements differ from the functional backend's: "
        + "; ".join(examples)
        + ("; ..." if mismatches > len(examples) else "")
    )


def check_run(
    program: Program, inputs: Tensors, expected: FunctionalResult, chip: RtlResult
) -> tuple[Check, str]:
    """As `compare`, for the outputs and states that a chip left; evidence of a difference is kept.

    The sentence tells where.
    """
    reference = {**expected.outputs, **_named(expected.states)}
    found = {**chip.outputs, **_named(chip.states)}
    check, difference = compare(reference, found)
    if check.mismatches:
        evidence = _keep_evidence(program, inputs, reference, found, chip.uart)
        difference += f"\nEvidence is kept in {evidence}"
    return check, difference


def _named(states: Tensors) -> Tensors:
    """States by names that no output has."""
    return {f"state {name}": value for name, value in states.items()}


def _keep_evidence(
    program: Program, inputs: Tensors, reference: Tensors, found: Tensors, uart: str
) -> Path:
    """Keep inputs, both outputs, the Program and what the firmware printed; returns the folder."""
    folder = run_folder(f"{program.name}-mismatch")
    with writing(folder):
        for kind, tensors in (("inputs", inputs), ("reference", reference), ("rtl", found)):
            for number, tensor in enumerate(tensors.values()):
                np.save(folder / f"{kind}-{number}.npy", tensor)
        (folder / "program.bin").write_bytes(program.image)
        (folder / "uart.txt").write_text(uart)
    return folder
