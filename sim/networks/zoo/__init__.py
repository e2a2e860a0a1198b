"""The networks that are built in: the four MLPerf Tiny topologies with synthetic weights.

Their cycles, traffic and energy are those of the real networks; their outputs mean nothing.
"""

from functools import cache

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.networks.zoo.calibrate import calibrate
from tilewright.sim.networks.zoo.qdq import to_onnx
from tilewright.sim.networks.zoo.topologies import TOPOLOGIES, Topology

ZOO_NAMES = tuple(TOPOLOGIES)


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
