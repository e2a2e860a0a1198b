"""Whether a network is what it claims: tensors exist and are sound, operators agree with theirs.

`verify` runs after the import and after each pass. Its messages name the operator and the tensor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.operator import Site
from tilewright.mapper.graph.tensor import Tensor


def verify(
    network: str,
    tensors: Mapping[str, Tensor],
    ops: Sequence[Op],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> None:
    """Check a network. Raises RequestError naming the first operator or tensor that is wrong."""
    for tensor in tensors.values():
        _verify_tensor(tensor)
    for name in (*inputs, *outputs):
        if name not in tensors:
            raise RequestError(f"network '{network}' has no tensor '{name}' for its interface")
    if not inputs or not outputs:
        raise RequestError(f"network '{network}' needs at least one input and one output")
    ready = {t.name for t in tensors.values() if t.data is not None} | set(inputs)
    for op in ops:
        _verify_links(tensors, op, ready)
        op.operator.verify(site_of(tensors, op))
        ready.update(op.outputs)
    for name in outputs:
        if name not in ready:
            raise RequestError(f"output '{name}' of network '{network}' is never computed")


def site_of(tensors: Mapping[str, Tensor], op: Op) -> Site:
    """Return an operator with its tensors."""
    found = (tuple(tensors[name] for name in names) for names in (op.inputs, op.outputs))
    return Site(op.name, op.kind, *found)


def _verify_tensor(tensor: Tensor) -> None:
    where = f"tensor '{tensor.name}'"
    if any(extent < 1 for extent in tensor.shape):
        raise RequestError(f"{where} has shape {tensor.shape}; every extent must be at least 1")
    if tensor.data is not None:
        if tensor.data.shape != tensor.shape:
            raise RequestError(f"{where}: data {tensor.data.shape} against shape {tensor.shape}")
        if tensor.data.dtype.name != tensor.dtype:
            raise RequestError(f"{where}: data {tensor.data.dtype} against type {tensor.dtype}")
    quant = tensor.quant
    if quant is None:
        if tensor.dtype == "int8":
            raise RequestError(f"{where} is int8 but has no scale: quantise the network fully")
        return
    channels = 1 if quant.axis is None else tensor.shape[quant.axis]
    if len(quant.scale) != channels or len(quant.zero_point) != channels:
        raise RequestError(f"{where} has {len(quant.scale)} scales for {channels} channels")
    if not all(0 < scale < float("inf") for scale in quant.scale):
        raise RequestError(f"{where} has a scale that is not a positive number")


def _verify_links(tensors: Mapping[str, Tensor], op: Op, ready: set[str]) -> None:
    where = f"{op.kind} '{op.name}'"
    for name in (*op.inputs, *op.outputs):
        if name not in tensors:
            raise RequestError(f"{where} refers to tensor '{name}', which does not exist")
    for name in op.inputs:
        if name not in ready:
            raise RequestError(f"{where} reads tensor '{name}', which nothing computes")
    for name in op.outputs:
        if name in ready:
            raise RequestError(f"{where} writes tensor '{name}', which already has a value")
