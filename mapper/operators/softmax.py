"""SOFTMAX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from hw.spec.softmax import softmax_parameters
from hw.spec.steps import SOFTMAX
from mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from mapper.operators.images import ends


@dataclass(frozen=True, kw_only=True)
class Softmax(Operator):
    """SOFTMAX over the last axis, int8 to int8 with scale 1/256 and zero point -128."""

    kind: ClassVar[str] = "SOFTMAX"

    beta: float = 1.0

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        return [site.x.shape]

    def objection(self, site: Site) -> str | None:
        """No accelerator has exponentials."""
        return "the NPU has no exponential"

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        x, result = site.x, site.result
        if abs(result.scale - 1 / 256) > 1e-9 or result.zero_point != -128:
            site.refuse(
                f": output '{result.name}' has scale {result.scale:g} and zero point "
                f"{result.zero_point}; the nearest supported form has scale 1/256 and -128"
            )
        p = softmax_parameters(x.scale, self.beta)
        cols = x.shape[-1]
        values = ends(site, cpu) | {"rows": x.elements // cols, "cols": cols}
        values |= {"multiplier": p.multiplier, "left_shift": p.left_shift}
        return [(SOFTMAX, values | {"diff_min": p.smallest_difference})]
