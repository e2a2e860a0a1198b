"""Tilewright for notebooks and scripts: networks on TinyDL accelerators, in cycles and joules.

    import tilewright

    kws = tilewright.load("kws")
    kws.predict(tilewright.config(rows=16, cols=16)).cycles

docs/api.md describes it. Nothing prints; what is wrong is raised. The names below are loaded when
they are first asked for: the packages beside them need none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hw.spec.config import Config
    from hw.spec.errors import CheckError, RequestError, TilewrightError
    from hw.spec.settings import PRESETS
    from sim.costs.area import Area
    from sim.networks.zoo import ZOO_NAMES
    from sim.results.result import Inference, Layer, Output, RunResult
    from sim.sweep.answer import Recommendation
    from sim.sweep.joint import Design
    from sim.version import VERSION as __version__  # noqa: N811
    from tilewright.api.configs import config
    from tilewright.api.networks import Inspection, Network, Operator, Port, load
    from tilewright.api.pictures import Picture
    from tilewright.api.results import Prediction, Run
    from tilewright.api.sweep import sweep
    from tilewright.api.sweeps import Point, Sweep

__all__ = [
    "PRESETS",
    "ZOO_NAMES",
    "Area",
    "CheckError",
    "Config",
    "Design",
    "Inference",
    "Inspection",
    "Layer",
    "Network",
    "Operator",
    "Output",
    "Picture",
    "Point",
    "Port",
    "Prediction",
    "Recommendation",
    "RequestError",
    "Run",
    "RunResult",
    "Sweep",
    "TilewrightError",
    "__version__",
    "config",
    "load",
    "sweep",
]

_PLACES = {
    "PRESETS": "hw.spec.settings",
    "ZOO_NAMES": "sim.networks.zoo",
    "Area": "sim.costs.area",
    "CheckError": "hw.spec.errors",
    "Config": "hw.spec.config",
    "Design": "sim.sweep.joint",
    "Inference": "sim.results.result",
    "Inspection": "tilewright.api.networks",
    "Layer": "sim.results.result",
    "Network": "tilewright.api.networks",
    "Operator": "tilewright.api.networks",
    "Output": "sim.results.result",
    "Picture": "tilewright.api.pictures",
    "Point": "tilewright.api.sweeps",
    "Port": "tilewright.api.networks",
    "Prediction": "tilewright.api.results",
    "Recommendation": "sim.sweep.answer",
    "RequestError": "hw.spec.errors",
    "Run": "tilewright.api.results",
    "RunResult": "sim.results.result",
    "Sweep": "tilewright.api.sweeps",
    "TilewrightError": "hw.spec.errors",
    "__version__": "sim.version",
    "config": "tilewright.api.configs",
    "load": "tilewright.api.networks",
    "sweep": "tilewright.api.sweep",
}
"""Module of each public name."""

_CALLED = {"__version__": "VERSION"}
"""Names that are others in their modules."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'tilewright' has no attribute '{name}'")
    value = getattr(import_module(_PLACES[name]), _CALLED.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
