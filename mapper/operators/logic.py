"""Comparisons, operators on booleans, SELECT_V2 and CAST. A boolean is a byte of 0 or 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import CAST, COMPARISON, LOOKUP, SELECT, StepKind
from tilewright.hw.spec.steps.broadcast import broadcast
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.operators.broadcast import Binary, broadcast_fields, common_shape, step_of
from tilewright.mapper.operators.element_works import OnElementwiseUnit, table_work
from tilewright.mapper.operators.extremes import Maximum, Minimum
from tilewright.mapper.operators.images import ends, int32_table
from tilewright.mapper.operators.moves import element_bytes
from tilewright.mapper.works.work import Work

SCALED = ("int8", "int16")
"""Types of which a comparison brings both operands to one scale."""
INTEGERS = ("int8", "int16", "int32", "bool")
"""Types between which CAST converts."""
SELECTED = ("int8", "int16", "int32")
"""Types that SELECT_V2 takes."""


@dataclass(frozen=True, kw_only=True)
class Comparison(Binary):
    """The common part; the result is boolean.

    equal: whether a == b is asked, not a > b. swapped: b and a exchanged. inverted: the opposite.
    """

    equal: ClassVar[bool] = False
    swapped: ClassVar[bool] = False
    inverted: ClassVar[bool] = False

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless both operands are of one type and the result is boolean."""
        a, b = site.inputs
        types = (*SCALED, "int32", "int64", *(("bool",) if self.equal else ()))
        if a.dtype != b.dtype or a.dtype not in types or site.result.dtype != "bool":
            site.refuse(
                f": from {a.dtype} and {b.dtype} to {site.result.dtype}; two operands of "
                f"{' or '.join(types)} and a bool are needed"
            )
        if a.dtype in SCALED and not all(tensor.is_whole for tensor in (a, b)):
            site.refuse(f": '{a.name}' and '{b.name}' must have one scale each")

    def objection(self, site: Site) -> str | None:
        """No accelerator compares."""
        return "the NPU has no comparison"

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        a, b = site.inputs[::-1] if self.swapped else site.inputs
        turned = Site(site.name, site.kind, (a, b), site.outputs)
        scaled = a.dtype in SCALED
        own = {"element_bytes": element_bytes(site), "scaled": int(scaled)}
        own |= {"equal": int(self.equal), "inverted": int(self.inverted)}
        own |= _scale("a", a if scaled else None) | _scale("b", b if scaled else None)
        return step_of(COMPARISON, broadcast_fields(turned, cpu), own)


def _scale(side: str, tensor: Tensor | None) -> dict[str, int]:
    """How one side of a comparison is rescaled; not at all without a tensor."""
    zero_point, multiplier, shift = (
        (0, 0, 0) if tensor is None else (tensor.zero_point, *nm.quantize_multiplier(tensor.scale))
    )
    return {
        f"{side}_zero_point": zero_point,
        f"{side}_multiplier": multiplier,
        f"{side}_shift": shift,
    }


@dataclass(frozen=True, kw_only=True)
class Equal(Comparison):
    """EQUAL: a == b."""

    kind: ClassVar[str] = "EQUAL"
    equal: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class NotEqual(Comparison):
    """NOT_EQUAL: a != b."""

    kind: ClassVar[str] = "NOT_EQUAL"
    equal: ClassVar[bool] = True
    inverted: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Greater(Comparison):
    """GREATER: a > b."""

    kind: ClassVar[str] = "GREATER"


@dataclass(frozen=True, kw_only=True)
class GreaterEqual(Comparison):
    """GREATER_EQUAL: a >= b, which is not b > a."""

    kind: ClassVar[str] = "GREATER_EQUAL"
    swapped: ClassVar[bool] = True
    inverted: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Less(Comparison):
    """LESS: a < b, which is b > a."""

    kind: ClassVar[str] = "LESS"
    swapped: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class LessEqual(Comparison):
    """LESS_EQUAL: a <= b, which is not a > b."""

    kind: ClassVar[str] = "LESS_EQUAL"
    inverted: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class LogicalAnd(Minimum):
    """LOGICAL_AND: the smaller of two booleans."""

    kind: ClassVar[str] = "LOGICAL_AND"

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless all are boolean."""
        self.verify_one_type(site, ("bool",))


@dataclass(frozen=True, kw_only=True)
class LogicalOr(Maximum):
    """LOGICAL_OR: the larger of two booleans."""

    kind: ClassVar[str] = "LOGICAL_OR"

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless all are boolean."""
        self.verify_one_type(site, ("bool",))


@dataclass(frozen=True, kw_only=True)
class LogicalNot(OnElementwiseUnit):
    """LOGICAL_NOT, as a table of bytes."""

    kind: ClassVar[str] = "LOGICAL_NOT"

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless both are boolean."""
        self.verify_one_type(site, ("bool",))

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        return [site.x.shape]

    def objection(self, site: Site) -> str | None:
        """An accelerator with a table unit can."""
        return None

    def lookup_table(self, site: Site) -> bytes:
        """Return 1 for 0 and 0 for everything else."""
        return b"\1" + bytes(255)

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one work: the operand alone, through the table."""
        return [table_work(site.x, site.result, self.lookup_table(site))]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        table = cpu.constant(self.lookup_table(site))
        return [(LOOKUP, ends(site, cpu) | {"count": site.x.elements, "table": table})]


@dataclass(frozen=True, kw_only=True)
class SelectV2(Operator):
    """SELECT_V2 of a condition, x and y: x where it holds, else y; all three broadcast."""

    kind: ClassVar[str] = "SELECT_V2"
    inputs: ClassVar[tuple[int, int]] = (3, 3)

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless x, y and the result share type and quantisation."""
        condition, x, y = site.inputs
        kinds = {(tensor.dtype, tensor.quant) for tensor in (x, y, site.result)}
        if condition.dtype != "bool" or len(kinds) > 1 or x.dtype not in SELECTED:
            site.refuse(
                f": {condition.dtype} chooses between {x.dtype} and {y.dtype} for "
                f"{site.result.dtype}; a bool and three tensors of one type ({', '.join(SELECTED)})"
                " and quantisation are needed"
            )

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the common shape."""
        condition, x, y = (tensor.shape for tensor in site.inputs)
        both = common_shape(x, y)
        shape = None if both is None else common_shape(condition, both)
        if shape is None:
            site.refuse(f" has operands of shapes {condition}, {x} and {y}, which do not broadcast")
        return [shape]

    def objection(self, site: Site) -> str | None:
        """No accelerator chooses."""
        return "the NPU has no choice by a condition"

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return a step for x and one for y: each writes its part of the elements."""
        condition, *sides = site.inputs
        return [self._chosen(site, cpu, side, 1 - n, condition) for n, side in enumerate(sides)]

    def _chosen(
        self, site: Site, cpu: Cpu, side: Tensor, when: int, condition: Tensor
    ) -> tuple[StepKind, dict[str, int]]:
        size = np.dtype(side.dtype).itemsize
        try:
            spread = broadcast(condition.shape, side.shape, 1, size, site.result.shape)
        except RequestError as error:
            site.refuse(f": {error}")
        values = spread.values | {
            "a": cpu.address(condition.name),
            "b": cpu.address(side.name),
            "output": cpu.address(site.result.name),
            "loops": int32_table(cpu, spread.loops) if spread.values["runs"] > 1 else 0,
            "element_bytes": size,
            "when": when,
        }
        return SELECT, values


@dataclass(frozen=True, kw_only=True)
class Cast(Operator):
    """CAST of integers, whatever their scales: the lower bits, or whether they are not 0."""

    kind: ClassVar[str] = "CAST"

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless both are integers of up to 32 bits, or boolean."""
        for tensor in (site.x, site.result):
            if tensor.dtype not in INTEGERS:
                site.refuse(f": '{tensor.name}' is {tensor.dtype}, not {' or '.join(INTEGERS)}")

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        return [site.x.shape]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        values = ends(site, cpu) | {
            "count": site.x.elements,
            "input_bytes": element_bytes(site),
            "output_bytes": np.dtype(site.result.dtype).itemsize,
            "to_bool": int(site.result.dtype == "bool"),
        }
        return [(CAST, values)]
