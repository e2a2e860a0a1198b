"""Why a network takes its cycles on a configuration, and what to change: top to bottom."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.costs.clock import with_clock
from tilewright.sim.explain.changes import LARGEST_KERNEL, Change, Values, predicted_changes
from tilewright.sim.explain.losses import Loss, losses_of
from tilewright.sim.explain.page import write_explanation
from tilewright.sim.explain.terminal import print_explanation
from tilewright.sim.files import require_writable, write_atomically
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.report.console import report_console
from tilewright.sim.results.result import RunResult
from tilewright.sim.run.predict import Predictor
from tilewright.sim.version import origin

SCHEMA = "tilewright.explain/1"


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A prediction, what it lost, the largest first, and changes, the best first."""

    result: RunResult
    losses: tuple[Loss, ...]
    changes: tuple[Change, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        return {
            "schema": SCHEMA,
            **origin(),
            "model": self.result.model.name,
            "config": dict(self.result.config),
            "cycles": self.result.total.cycles,
            "losses": [
                {
                    "cause": loss.cause,
                    "meaning": loss.meaning,
                    "cycles": loss.cycles,
                    "layers": [{"name": name, "cycles": cycles} for name, cycles in loss.layers],
                }
                for loss in self.losses
            ],
            "changes": [_change(change) for change in self.changes],
        }


def explain(
    model: str, values: Values, json_file: Path | None, report: Path | None, progress: Progress
) -> Explanation:
    """Predict, print what was lost and what changes would give, write the files asked for.

    Raises RequestError for a wrong request, and for a configuration that the model has no figures
    of.
    """
    for path in (json_file, report):
        if path is not None:
            require_writable(path)
    config = with_clock(make_config(values))
    predictor = Predictor(open_network(model, progress))
    try:
        with progress.step("Predicting"):
            result = predictor.predict(config)
    except RequestError as error:
        raise RequestError(f"explain predicts, which needs the model backend: {error}") from None
    found = Explanation(
        result=result,
        losses=losses_of(result),
        changes=predicted_changes(predictor, values, _largest_window(result), progress),
    )
    if json_file:
        write_atomically(json_file, json.dumps(found.to_dict(), indent=1) + "\n")
    if report:
        write_explanation(report, result, found.losses, found.changes)
    console = report_console()
    print_explanation(result, found.losses, found.changes, console)
    return found


def _largest_window(result: RunResult) -> int:
    """Pixels of the largest window that can be kept, of a layer that waits for activations."""
    windows = [
        max(layer.geometry.kernel)
        for layer in result.layers
        if layer.stalls.get("activations") and layer.geometry and layer.geometry.kernel
    ]
    return max((window for window in windows if window <= LARGEST_KERNEL), default=0)


def _change(change: Change) -> dict[str, Any]:
    total = change.result.total if change.result else None
    return {
        "key": change.key,
        "before": change.before,
        "after": change.after,
        "cycles": total.cycles if total else None,
        "energy_j": total.energy_j if total else None,
        "area_ge": change.result.area.total_ge if change.result else None,
        "refusal": change.refusal or None,
    }
