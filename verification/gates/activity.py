"""What the nets of the chip's netlist do while its RTL runs a program.

The RTL is simulated once, and what is no function of the same cycle's nets is recorded: registers,
what memories read, inputs. The netlist is evaluated on it, 512 cycles at a time. That each register
of the netlist takes what the RTL's holds in the next cycle is checked in every cycle, so that what
is counted is what the chip does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import CheckError
from tilewright.verification.gates.evaluation.evaluator import (
    Activity,
    Evaluator,
    Layout,
    MismatchError,
)
from tilewright.verification.gates.evaluation.library import BLOCK
from tilewright.verification.gates.evaluation.program import Program
from tilewright.verification.gates.netlist import Netlist
from tilewright.verification.gates.recording.recording import build_recorder, record
from tilewright.verification.tools.run_tool import Note

WARM_UP = 64
"""Cycles before a window: what the RTL has no name for follows from what was before."""


def measure_activity(
    config: Config,
    netlist: Netlist,
    program: Program,
    image: bytes,
    stretches: Sequence[Sequence[tuple[int, int]]],
    note: Note = lambda _: None,
    on_cycle: Callable[[int], None] = lambda _: None,
) -> list[Activity]:
    """What happens in each of ``stretches``.

    Parameters
    ----------
    config: the chip that ``netlist`` is of, and its main memory.
    program: of the netlist.
    image: main memory at reset.
    stretches: windows of each, in any order: first cycle and the one behind the last, by the chip's
        timer.
    note: called with what is going on; ``on_cycle`` with the cycles that are done.

    Raises CheckError where the netlist does something else than the RTL, TilewrightError where a
    tool fails.
    """
    signals = program.signals
    model = build_recorder(config, signals, netlist.modules, note)
    windows = [(*window, n) for n, stretch in enumerate(stretches) for window in stretch]
    begin = max(min(first for first, _, _ in windows) - WARM_UP, 0)
    end = max(last for _, last, _ in windows)
    found = [Activity.empty(program) for _ in stretches]
    note("evaluating the netlist")
    with record(model, config, image, signals, (begin, end), BLOCK) as recording:
        evaluator = Evaluator(program, Layout(recording.offsets, recording.row_bytes), WARM_UP)
        try:
            for rows in recording.rows:
                evaluator.run(rows)
                for first, last, number in windows:
                    evaluator.count(first - begin, last - begin, found[number])
                on_cycle(evaluator.cycle)
        except MismatchError as error:
            instance = netlist.instances[program.instances[error.register]]
            raise CheckError(
                f"the netlist is not the RTL: {instance.signal}[{instance.bit}] takes another "
                f"value for cycle {begin + error.cycle} than the RTL holds then"
            ) from None
        finally:
            evaluator.close()
    for stretch, activity in zip(stretches, found, strict=True):
        asked = sum(last - first for first, last in stretch)
        if activity.cycles != asked:
            raise CheckError(
                f"the simulation ended early: of {asked} cycles, {activity.cycles} were recorded"
            )
    return found
