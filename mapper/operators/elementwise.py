"""ADD."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

from hw.spec import numerics as nm
from hw.spec.commands import Operation
from hw.spec.npu_config import NpuConfig
from hw.spec.steps import ADD
from mapper.graph.operator import Cpu, Shape, Site, Steps
from mapper.operators.binary import Factors, binary_work, spread_objection
from mapper.operators.clamp import Clamped
from mapper.operators.images import clamp_fields
from mapper.works.work import Work


@dataclass(frozen=True, kw_only=True)
class Add(Clamped):
    """ADD of a and b of the result's shape, each with its own quantisation."""

    kind: ClassVar[str] = "ADD"
    inputs: ClassVar[tuple[int, int]] = (2, 2)
    in_place: ClassVar[bool] = True
    takes_constants: ClassVar[bool] = True

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of both operands."""
        a, b = site.inputs
        if a.shape != b.shape:
            site.refuse(f" adds shapes {a.shape} and {b.shape}; they must agree")
        return [a.shape]

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        return spread_objection(*(tensor.shape for tensor in site.inputs))

    def unit_objection(self, config: NpuConfig) -> str | None:
        """Return why this accelerator has no element-wise unit; None if it has."""
        return f"control = microcode has no {self.kind}" if config.microcode else None

    def works(self, site: Site, rows: int) -> list[Work]:
        """Return one work of the element-wise unit."""
        (a, b), result = site.inputs, site.result
        p = nm.add_parameters(a.scale, b.scale, result.scale)
        factors = Factors(
            a=(p.a_multiplier, p.a_shift),
            b=(p.b_multiplier, p.b_shift),
            output=(p.output_multiplier, p.output_shift),
        )
        return [binary_work(Operation.ADD, (a, b), result, factors, (self.lo, self.hi))]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        (a, b), result = site.inputs, site.result
        values = {
            "a": cpu.address(a.name),
            "b": cpu.address(b.name),
            "output": cpu.address(result.name),
            "count": result.elements,
            "a_zero_point": a.zero_point,
            "b_zero_point": b.zero_point,
            "output_zero_point": result.zero_point,
        }
        factors = asdict(nm.add_parameters(a.scale, b.scale, result.scale))
        return [(ADD, values | factors | clamp_fields(self.lo, self.hi))]
