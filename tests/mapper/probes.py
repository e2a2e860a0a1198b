"""Operators for tests that only the accelerator can compute: any binary work, any table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tilewright.hw.spec.commands import Operation
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.graph.operator import Cpu, Operator, Site, Steps
from tilewright.mapper.operators.element_works import (
    Factors,
    OnElementwiseUnit,
    binary_work,
    table_work,
)
from tilewright.mapper.works.work import Work


@dataclass(frozen=True, kw_only=True)
class Binary(OnElementwiseUnit):
    """An operation with given factors."""

    kind: ClassVar[str] = "BINARY"
    inputs: ClassVar[tuple[int, int]] = (2, 2)
    operation: Operation
    factors: Factors
    keeps_bytes: bool = False

    def shapes(self, site: Site) -> list[tuple[int, ...]]:
        return [np.broadcast_shapes(*(tensor.shape for tensor in site.inputs))]

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        a, b = site.inputs
        clamp, keeps = (-120, 125), self.keeps_bytes
        return [
            binary_work(self.operation, (a, b), site.result, self.factors, clamp, keeps_bytes=keeps)
        ]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        raise AssertionError("on the CPU")


@dataclass(frozen=True, kw_only=True)
class Function(Operator):
    """A function of single bytes, by unsigned byte."""

    kind: ClassVar[str] = "FUNCTION"
    in_place: ClassVar[bool] = True
    entries: bytes

    def shapes(self, site: Site) -> list[tuple[int, ...]]:
        return [site.x.shape]

    def objection(self, site: Site) -> str | None:
        return None

    def lookup_table(self, site: Site) -> bytes:
        return self.entries

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        return [table_work(site.x, site.result, self.entries)]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        raise AssertionError("on the CPU")
