"""Says what went wrong on the chip, from what the simulation left."""

from __future__ import annotations

from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.profile import CAUSES
from tilewright.hw.spec.registers import ERROR_CODES, EXIT_STATUS, NPU
from tilewright.mapper.program.program import Program
from tilewright.verification.cosim.simulate import Job, Outcome

TRAP_CAUSES = {
    0: "instruction address misaligned",
    1: "bus error on an instruction fetch",
    2: "illegal instruction",
    3: "breakpoint",
    4: "load address misaligned",
    5: "bus error on a load",
    6: "store address misaligned",
    7: "bus error on a store",
    11: "environment call",
}
UART_TAIL = 400
"""Characters of the output that a message repeats."""


def describe_failure(outcome: Outcome, job: Job, program: Program) -> str:
    """One message that says what failed and where; empty when all went well."""
    if outcome.reason == "finished" and outcome.status == EXIT_STATUS["success"]:
        return ""
    printed = outcome.uart[-UART_TAIL:].strip() or "nothing"
    where = f"{program.name}: {_what(outcome, job)}"
    return f"{where}\n{_npu(outcome)}\nThe firmware printed: {printed}"


def _what(outcome: Outcome, job: Job) -> str:
    if outcome.reason == "watchdog":
        return (
            f"the chip hangs: no end after {job.cycle_limit:,} cycles, the bound of the schedule; "
            f"the CPU is at pc {outcome.cpu_pc:#010x}"
        )
    if outcome.reason == "bus_error":
        return (
            f"bus error in cycle {outcome.cycle:,}: the CPU stored to an address where nothing is, "
            f"shortly before pc {outcome.cpu_pc:#010x}"
        )
    status = outcome.status
    if status == EXIT_STATUS["trap"]:
        cause, pc, value = outcome.trap
        name = TRAP_CAUSES.get(cause, "unknown cause")
        return (
            f"firmware trap in cycle {outcome.cycle:,}: {name} (mcause {cause:#x}) "
            f"at pc {pc:#010x}, mtval {value:#010x}"
        )
    names = {code: name.replace("_", " ") for name, code in EXIT_STATUS.items()}
    name = names.get(status, "unknown status")
    return f"the firmware gave up in cycle {outcome.cycle:,}: {name} (exit {status})"


def _npu(outcome: Outcome) -> str:
    """State of the NPU's engines."""
    status, debug, completed = (outcome.npu.get(n) for n in ("STATUS", "DEBUG", "COMPLETED"))
    if status is None or debug is None or completed is None:
        return "The NPU does not answer, or there is none."

    def field(register: str, name: str, word: int) -> int:
        return NPU.register(register).field(name).extract(word)

    error = field("STATUS", "error", status)
    errors = {code: name for name, code in ERROR_CODES.items()}
    opcode = field("DEBUG", "opcode", debug)
    cause = field("DEBUG", "cause", debug)
    flags = ("transfer_busy", "weights_busy", "drain_busy", "ring_empty", "ring_full")
    raised = [name.replace("_", " ") for name in flags if field("DEBUG", name, debug)]
    known = [int(code) for code in Opcode]
    parts = [
        "busy" if field("STATUS", "busy", status) else "idle",
        f"error {errors.get(error, error)}" if error else "no error",
        f"sequencer state {field('DEBUG', 'sequencer', debug)}",
        f"compute command {Opcode(opcode).name if opcode in known else 'none'}: "
        + (CAUSES[cause][1] if cause < len(CAUSES) else f"cause {cause}"),
        ", ".join(raised) or "no engine busy",
        f"completed {field('COMPLETED', 'transfers', completed)} transfers and "
        f"{field('COMPLETED', 'computes', completed)} compute commands of this stream",
    ]
    return f"NPU: {'; '.join(parts)}."
