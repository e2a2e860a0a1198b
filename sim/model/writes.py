"""Writes of LOADs to the scratchpad, which wait until no compute command writes their banks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.model.banks import Banks, Cycles

_WINDOW = 1 << 10
"""Beats that are looked at together."""


def served(masks: Banks, earliest: Cycles, busy: Callable[[int, int], Banks]) -> Cycles:
    """When each beat finds its banks free, one behind the other, none before ``earliest``.

    ``busy(begin, end)``: banks that are in use, by cycle.
    """
    beats = np.arange(len(earliest))
    lags = np.maximum.accumulate(earliest - beats)  # behind a beat a cycle from 0 on
    times = np.empty(len(earliest), dtype=np.int64)
    lag = done = 0
    while done < len(beats):
        these = slice(done, done + _WINDOW)
        wanted = np.maximum(lags[these], lag) + beats[these]
        begin = int(wanted[0])
        used = busy(begin, int(wanted[-1]) + _WINDOW)
        late = np.flatnonzero(used[wanted - begin] & masks[these])
        free = int(late[0]) if len(late) else len(wanted)
        times[done : done + free] = wanted[:free]
        if free:
            lag = int(wanted[free - 1]) - done - free + 1
        done += free
        if len(late):
            lag, done = _one_by_one(masks, lags, times, (lag, done), (begin, used))
    return times


def _one_by_one(
    masks: Banks, lags: Cycles, times: Cycles, at: tuple[int, int], known: tuple[int, Banks]
) -> tuple[int, int]:
    """The beats from ``done`` on, as far as the banks' use is known; (lag, done) then."""
    (lag, done), (begin, banks) = at, known
    used = banks.tolist()
    end = len(used)
    found: list[int] = []
    for beat, (mask, least) in enumerate(
        zip(masks[done:].tolist(), lags[done:].tolist(), strict=True), done
    ):
        time = max(least, lag) + beat - begin
        while time < end and used[time] & mask:
            time += 1
        if time >= end:
            break
        lag = time + begin - beat
        found.append(time)
    times[done : done + len(found)] = np.array(found, dtype=np.int64) + begin
    return lag, done + len(found)
