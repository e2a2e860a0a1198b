"""The order in which each operation finds its operands."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tilewright.hw.spec.errors import TilewrightError
from tilewright.verification.gates.evaluation.functions import Kind

Operation = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Node:
    """Something that makes ``result`` of slots by the operations that ``emit`` appends.

    ``is_later``: of those in earlier cycles.
    """

    name: str
    operands: tuple[int, ...]
    result: int
    emit: Callable[[], None]
    is_later: bool = False


def emit_in_order(nodes: Sequence[Node], ready: set[int], operations: list[Operation]) -> None:
    """Emit each node behind those that it needs; what hangs on itself, to be repeated.

    ``ready``: slots that are known; all are in the end. Raises TilewrightError for a slot that
    nothing makes, and for a loop.
    """
    makers = {node.result: node for node in nodes}
    for node in nodes:
        for slot in node.operands:
            if slot not in ready and slot not in makers:
                raise TilewrightError(f"{node.name}: an input is driven by nothing")
    left = _emit(nodes, ready)
    if not left:
        return
    later = [node for node in left if node.is_later]
    circle = _behind(later, makers, ready)
    begin = len(operations)
    operations.append((Kind.BEGIN, 0, 0, 0))
    known = ready | {node.result for node in later}
    stuck = _emit([node for node in circle if not node.is_later], known)
    if stuck or not later:
        raise TilewrightError(f"{(stuck or left)[0].name}: is in a loop")
    for node in later:
        node.emit()
    operations.append((Kind.REPEAT, 0, begin, 0))
    done = {id(node) for node in (*circle, *later)}
    ready |= known
    if stuck := _emit([node for node in left if id(node) not in done], ready):
        raise TilewrightError(f"{stuck[0].name}: is in a loop")


def _emit(nodes: Sequence[Node], ready: set[int]) -> list[Node]:
    """Emit those of ``nodes`` that hang on ready slots alone, theirs included; the others."""
    users: dict[int, list[int]] = {}
    missing: list[int] = []
    for number, node in enumerate(nodes):
        needed = [slot for slot in set(node.operands) if slot not in ready]
        for slot in needed:
            users.setdefault(slot, []).append(number)
        missing.append(len(needed))
    queue = deque(number for number, count in enumerate(missing) if not count)
    while queue:
        node = nodes[queue.popleft()]
        node.emit()
        ready.add(node.result)
        for user in users.get(node.result, ()):
            missing[user] -= 1
            if not missing[user]:
                queue.append(user)
    return [node for node, count in zip(nodes, missing, strict=True) if count]


def _behind(later: Sequence[Node], makers: Mapping[int, Node], ready: set[int]) -> list[Node]:
    """Nodes that are not ready and that ``later`` hang on."""
    found: dict[int, Node] = {}
    waiting = [slot for node in later for slot in node.operands]
    while waiting:
        slot = waiting.pop()
        if slot not in ready and slot not in found:
            found[slot] = makers[slot]
            waiting += makers[slot].operands
    return list(found.values())
