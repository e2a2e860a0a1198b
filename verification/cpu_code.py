"""Which lines of code a kernel runs on which of its paths, from traces of many steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from sim.model.cpu.code import ALWAYS
from sim.model.cpu.paths import Paths
from verification.cpu_trace import Trace

Stretches = list[list[int | str]]
"""As `sim.model.cpu.figures.read_layout` reads them: [first line, lines, paths]."""

_Flags = NDArray[np.bool_]


def stretches(lines: Sequence[tuple[int, str]]) -> Stretches:
    """Neighbours with the same paths together; ``lines``: number and paths of each, in order."""
    runs: Stretches = []
    for _, group in groupby(enumerate(lines), lambda item: (item[1][0] - item[0], item[1][1])):
        members = [line for _, line in group]
        runs.append([members[0][0], len(members), members[0][1]])
    return runs


def always(runs: Sequence[Sequence[int]]) -> Stretches:
    """Lines that all runs of some code share: each once, in the order of the first run."""
    if not runs:
        return []
    shared = frozenset(runs[0]).intersection(*runs)
    return stretches([(line, ALWAYS) for line in dict.fromkeys(runs[0]) if line in shared])


def kernel_routine(
    traces: Sequence[Trace], paths: Sequence[Paths], kernel: Callable[[int], bool]
) -> Stretches:
    """Of an operator, from steps and the paths that they took: what calls it, its code, again what
    calls it.

    ``kernel``: whether a line belongs to the kernel's functions, and not to what calls it.
    """
    inside = [[i for i, line in enumerate(trace.code) if kernel(line)] for trace in traces]
    before = [trace.code[: places[0]] for trace, places in zip(traces, inside, strict=True)]
    behind = [trace.code[places[-1] + 1 :] for trace, places in zip(traces, inside, strict=True)]
    within = [
        trace.code[places[0] : places[-1] + 1] for trace, places in zip(traces, inside, strict=True)
    ]
    return stretches([line for part in (before, within, behind) for line in _lines(part, paths)])


def _lines(parts: Sequence[Sequence[int]], paths: Sequence[Paths]) -> list[tuple[int, str]]:
    """Lines of one part of each step, by address, with their paths."""
    taken = {name: np.array([path[name] > 0 for path in paths]) for name in paths[0]}
    run = [frozenset(part) for part in parts]
    found: list[tuple[int, str]] = []
    for line in sorted(frozenset[int]().union(*run)):
        names = _paths_of(np.array([line in lines for lines in run]), taken)
        if names:
            found.append((line, " ".join(names)))
    return found


def _paths_of(run: _Flags, taken: Mapping[str, _Flags]) -> list[str]:
    """Paths of which taking any runs a line. ``run``: by step; ``taken``: of each path.

    First those that never do without it, the most frequent first, until all steps are explained;
    then, where values decide that the paths do not know, those that explain more than they spoil.
    """
    names: list[str] = []
    left = run.copy()
    sure = [name for name, flags in taken.items() if flags.any() and not (flags & ~run).any()]
    for name in sorted(sure, key=lambda name: -int(taken[name].sum())):
        if (taken[name] & left).any():
            names.append(name)
            left &= ~taken[name]
    while left.any():
        gain = {n: int((f & left).sum()) - int((f & ~run).sum()) for n, f in taken.items()}
        best = max(gain, key=lambda name: gain[name])
        if gain[best] <= 0:
            break
        names.append(best)
        left &= ~taken[best]
    return names
