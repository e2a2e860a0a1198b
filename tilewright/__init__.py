"""Tilewright for notebooks and scripts: networks on TinyDL accelerators, in cycles and joules.

    import tilewright

    kws = tilewright.load("kws")
    kws.predict(tilewright.Config(rows=16, cols=16)).cycles

docs/api.md describes it. Nothing prints; what is wrong is raised. The names below are loaded when
they are first asked for: the packages beside them need none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilewright.api.networks import Inspection, Network, Operator, Port, load
    from tilewright.api.pictures import Picture
    from tilewright.api.results import Prediction, Run
    from tilewright.api.sweep import sweep
    from tilewright.api.sweep_result import Point, Sweep
    from tilewright.hw.spec.config import Config
    from tilewright.hw.spec.errors import CheckError, RequestError, TilewrightError
    from tilewright.hw.spec.settings import PRESETS
    from tilewright.sim.costs.area import Area
    from tilewright.sim.networks.zoo import ZOO_NAMES
    from tilewright.sim.results.result import Inference, Layer, Output, RunResult
    from tilewright.sim.run.classify import Classification
    from tilewright.sim.sweep.answer import Recommendation
    from tilewright.sim.sweep.joint import Design
    from tilewright.sim.version import VERSION as __version__  # noqa: N811

__all__ = [
    "PRESETS",
    "ZOO_NAMES",
    "Area",
    "CheckError",
    "Classification",
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
    "load",
    "sweep",
]

_PLACES = {
    "PRESETS": "tilewright.hw.spec.settings",
    "ZOO_NAMES": "tilewright.sim.networks.zoo",
    "Area": "tilewright.sim.costs.area",
    "CheckError": "tilewright.hw.spec.errors",
    "Classification": "tilewright.sim.run.classify",
    "Config": "tilewright.hw.spec.config",
    "Design": "tilewright.sim.sweep.joint",
    "Inference": "tilewright.sim.results.result",
    "Inspection": "tilewright.api.networks",
    "Layer": "tilewright.sim.results.result",
    "Network": "tilewright.api.networks",
    "Operator": "tilewright.api.networks",
    "Output": "tilewright.sim.results.result",
    "Picture": "tilewright.api.pictures",
    "Point": "tilewright.api.sweep_result",
    "Port": "tilewright.api.networks",
    "Prediction": "tilewright.api.results",
    "Recommendation": "tilewright.sim.sweep.answer",
    "RequestError": "tilewright.hw.spec.errors",
    "Run": "tilewright.api.results",
    "RunResult": "tilewright.sim.results.result",
    "Sweep": "tilewright.api.sweep_result",
    "TilewrightError": "tilewright.hw.spec.errors",
    "__version__": "tilewright.sim.version",
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
