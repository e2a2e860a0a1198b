"""Real networks for tests: at ../shared/models, or where TILEWRIGHT_MODELS points.

They are not part of the project; a test that needs them is skipped where they are missing.
"""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

INPUTS = {"vww": "vww100", "kws": "kws1000", "ic": "ic510", "ad": "ad240"}
"""Each network's file of inputs, without suffix."""


def shared_models() -> Path:
    """The directory, or a skip of the test with the reason."""
    default = Path(__file__).parents[2] / "shared" / "models"
    models = Path(os.environ.get("TILEWRIGHT_MODELS", default))
    if not models.is_dir():
        pytest.skip(f"no networks at {models}; set TILEWRIGHT_MODELS")
    return models


@cache
def golden(name: str) -> dict[str, np.ndarray]:
    """TensorFlow Lite Micro's tensors of a network."""
    with np.load(shared_models() / "golden" / f"{name}.npz") as file:
        return dict(file)


@cache
def inputs(name: str) -> dict[str, np.ndarray]:
    """`x` int8 rows and labels `y` for a network."""
    with np.load(shared_models() / "inputs" / f"{INPUTS[name]}.npz") as file:
        return dict(file)
