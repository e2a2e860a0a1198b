"""A network that cannot be imported: what is in its file, and everything that is in its way."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.importers.onnx.importer import ONNX_OPERATORS
from tilewright.mapper.importers.outline import OutlinedOp, outline
from tilewright.mapper.limits import ObstructedError
from tilewright.sim.inspect.inspected import Inspected, InspectedOp, Status
from tilewright.sim.inspect.weights import WeightFigures


def refused(path: Path, error: RequestError) -> Inspected:
    """What the file holds, with the importer's ``error`` as its obstacles.

    Raises RequestError where the file cannot be read at all.
    """
    try:
        ops = outline(path)
    except RequestError:
        raise error from None
    obstacles = (
        error.obstacles if isinstance(error, ObstructedError) else (_without_file(path, error),)
    )
    return Inspected(
        name=path.stem,
        path=str(path),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        ops=_inspected(ops, obstacles),
        obstacles=(*obstacles, *_unknown_kinds(ops, obstacles)),
    )


def _inspected(ops: Sequence[OutlinedOp], obstacles: Sequence[str]) -> tuple[InspectedOp, ...]:
    producers = {tensor: op.name for op in ops for tensor in op.outputs}
    blamed = {op.name: text for op in ops for text in obstacles if text.startswith(_place(op))}
    found: dict[str, InspectedOp] = {}
    for op in ops:
        inputs = tuple(dict.fromkeys(producers[t] for t in op.inputs if t in producers))
        status, reason = _status(op, inputs, blamed, found)
        found[op.name] = InspectedOp(
            name=op.name,
            kind=op.kind,
            inputs=inputs,
            shape=op.shape,
            status=status,
            reason=reason,
            weights=WeightFigures(bytes=sum(op.stored.values())),
        )
    return tuple(found.values())


def _status(
    op: OutlinedOp,
    inputs: Sequence[str],
    blamed: Mapping[str, str],
    found: Mapping[str, InspectedOp],
) -> tuple[Status, str]:
    if op.name in blamed:
        text = blamed[op.name].removeprefix(_place(op)).lstrip(": ")
        return "obstacle" if op.known else "unknown", text
    if not op.known:
        return "unknown", "this kind of operator is not supported"
    if not blamed:
        return "unchecked", "the whole file was refused before"
    # An importer of ONNX cannot go on behind what it has not understood.
    behind = any(name in found and found[name].status != "understood" for name in inputs)
    if behind and op.kind in ONNX_OPERATORS:
        return "unchecked", "its input is not understood"
    return "understood", ""


def _place(op: OutlinedOp) -> str:
    """How messages of the importers begin."""
    return f"layer '{op.name}' ({op.kind})"


def _unknown_kinds(ops: Sequence[OutlinedOp], obstacles: Sequence[str]) -> list[str]:
    """Kinds without a rule that the importer did not come to."""
    kinds = dict.fromkeys(op.kind for op in ops if not op.known)
    return [
        f"{kind}: this operator is not supported"
        for kind in kinds
        if not any(f"({kind})" in text for text in obstacles)
    ]


def _without_file(path: Path, error: RequestError) -> str:
    return str(error).removeprefix(f"{path}: ")
