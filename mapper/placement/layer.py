"""A layer: an operator of the rewritten graph on one engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tilewright.mapper.graph.op import Op
from tilewright.mapper.works.work import Work

Engine = Literal["npu", "cpu"]

NO_NPU = "the configuration has no NPU"


@dataclass(frozen=True, eq=False)
class Layer:
    """One operator on one engine. ``works`` is empty on the CPU; ``reason`` says why it is there.
    ``shown`` is the kind that reports name.

    ``reads`` are its activation tensors, ``covers`` the operators of the imported graph that it
    computes, ``macs`` their products. ``cascaded``: it is computed with others, whose works are
    the first one's, and marks its own end. ``whole``: its result is all there when it has ended.
    """

    op: Op
    engine: Engine
    reads: tuple[str, ...]
    output: str
    covers: tuple[str, ...]
    macs: int
    shown: str
    works: tuple[Work, ...] = ()
    reason: str = ""
    cascaded: bool = False
    whole: bool = True
