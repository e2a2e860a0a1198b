"""Measures what the model backend knows of the CPUs: ``python -m verification.cpu_costs``.

Times single operators on each CPU in RTL, without an accelerator and at two latencies of main
memory, and the driver on the smallest accelerator; takes the times apart into the figures of
`sim.model.cpu.figures`, and writes sim/model/cpu_costs.yaml with the hash of what they belong to.
Run it again when the firmware's machine code or a CPU has changed.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path
from typing import Any

import yaml

from firmware.build import CPU_FEATURES, firmware_elf
from hw.soc.cpu import cpu_verilog
from hw.spec.config import CPU_VARIANTS, load_config
from hw.spec.errors import TilewrightError
from sim.files import write_atomically
from sim.model.cpu.figures import FIGURES
from sim.progress import Progress
from verification.cpu_driver import driver_figures, emptied_cost, run_driver
from verification.cpu_fit import line_through
from verification.cpu_kernels import kernel_figures
from verification.cpu_layout import code_lines, timed_code
from verification.cpu_programs import Times
from verification.cpu_shapes import benchmarks

PATH = Path(__file__).parent.parent / "sim" / "model" / FIGURES
LATENCIES = (3, 20)
"""Of main memory; times are straight lines over it."""

_COMMENT = """\
# Written by python -m verification.cpu_costs from RTL runs; sim/model/cpu/figures.py says what it
# means. A cost is [cycles, waits for main memory], a path's [cycles, waits, lines of code].
"""


def firmware_hash() -> str:
    """Hash of what the figures depend on: the machine code that is timed, and the CPUs that run it.

    Not of its sources and its compiler: another version that makes the same code is as good.
    """
    key = hashlib.sha256()
    for cpu in CPU_VARIANTS:
        key.update(cpu_verilog(cpu).encode() + b"\0")
        for npu in ("array", "none"):
            elf = firmware_elf(load_config("default", None, [f"cpu={cpu}", f"npu={npu}"]))
            for address, code in timed_code(elf):
                key.update(f"{address} {len(code)} ".encode() + code)
    return key.hexdigest()[:16]


def measure_cpu(cpu: str, progress: Progress) -> dict[str, Any]:
    """Figures of a CPU, as the file holds them."""
    runs = benchmarks()
    times: dict[int, dict[str, Times]] = {latency: {} for latency in LATENCIES}
    for latency in LATENCIES:
        config = load_config("cpu-only", None, [f"cpu={cpu}", f"memory_latency={latency}"])
        with progress.step(f"Timing operators on {cpu}, memory latency {latency}") as step:
            for name, bench in runs.items():
                step.detail = name
                times[latency][name] = bench.run(config)
    lines = {name: line_through({n: times[n][name].steps for n in times}) for name in runs}
    back = line_through({n: [run.back for run in times[n].values()] for n in times})
    elf = firmware_elf(load_config("cpu-only", None, [f"cpu={cpu}"]))
    kernels = kernel_figures(cpu, runs, lines, elf)
    driver_runs = {latency: run_driver(cpu, latency, progress) for latency in LATENCIES}
    driver = driver_figures(cpu, driver_runs) | {"return_without_npu": back.median()}
    has_data_cache = CPU_FEATURES[cpu].data_cache
    driver["emptied"] = emptied_cost(driver_runs, kernels) if has_data_cache else [0, 0]
    return {"code_lines": code_lines(cpu), "driver": driver, **kernels}


def main() -> int:
    """Entry of ``python -m verification.cpu_costs``."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    progress = Progress()
    try:
        cpus = {cpu: measure_cpu(cpu, progress) for cpu in CPU_VARIANTS}
        figures = {"firmware": firmware_hash(), "cpus": cpus}
        text = yaml.safe_dump(figures, sort_keys=False, default_flow_style=None, width=100)
        write_atomically(PATH, _COMMENT + text)
    except TilewrightError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    print(f"{PATH}: {len(cpus)} CPUs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
