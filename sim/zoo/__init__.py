"""The networks that are built in: the four MLPerf Tiny topologies with synthetic weights.

Their cycles, traffic and energy are those of the real networks; their outputs mean nothing.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from hw.spec.errors import RequestError
from sim.zoo.calibrate import calibrate, sample_input
from sim.zoo.qdq import to_onnx
from sim.zoo.topologies import TOPOLOGIES, Topology

ZOO_NAMES = tuple(TOPOLOGIES)

# Not one of the seeds that the calibration uses.
INPUT_SEED = 1000


def zoo_topology(name: str) -> Topology:
    """The layers of a built-in network. Raises RequestError where there is none of that name."""
    if name not in TOPOLOGIES:
        raise RequestError(
            f"there is no built-in network '{name}'; there are: {', '.join(ZOO_NAMES)}"
        )
    return TOPOLOGIES[name]()


@cache
def zoo_model(name: str) -> bytes:
    """The network as a QDQ ONNX file, made anew from its seed: always the same bytes."""
    return to_onnx(calibrate(zoo_topology(name)))


def zoo_input(name: str, seed: int = INPUT_SEED) -> NDArray[np.float32]:
    """An input of real values in the file's layout: [1, C, H, W], or [1, features]."""
    return sample_input(zoo_topology(name), seed)[np.newaxis].astype(np.float32)
