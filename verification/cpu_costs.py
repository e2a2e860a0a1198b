"""Measures what the model backend knows of the CPUs: ``python -m verification.cpu_costs``.

Times single operators on each CPU in RTL at two latencies of main memory: without an accelerator,
and behind the driver on the smallest one. Follows the machine code of the same runs to learn which
lines of code each path runs, takes the times apart into the figures of `sim.model.cpu.figures`, and
writes sim/model/cpu_costs.yaml with the hash of what they belong to.
Run it again when the firmware's machine code or a CPU has changed.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from firmware.build import firmware_elf
from hw.soc.cpu import cpu_verilog
from hw.spec.config import Config
from hw.spec.errors import TilewrightError
from hw.spec.settings import load_config
from hw.spec.soc_config import CPU_VARIANTS
from sim.files import write_atomically
from sim.model.cpu.figures import FIGURES, read_layout
from sim.progress import Progress
from verification.cpu_driver import Measured, driver_config, driver_figures
from verification.cpu_fit import line_through
from verification.cpu_kernels import kernel_figures
from verification.cpu_layout import code_lines, layout_figures, timed_code
from verification.cpu_programs import Bench, Times
from verification.cpu_shapes import benchmarks, driver_benchmarks

PATH = Path(__file__).parent.parent / "sim" / "model" / FIGURES
LATENCIES = (3, 20)
"""Of main memory; times are straight lines over it."""

_COMMENT = """\
# Written by python -m verification.cpu_costs from RTL runs; sim/model/cpu/figures.py says what it
# means. A cost is [cycles, waits for main memory], a stretch of code [first line, lines, paths].
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


class Layouts:
    """Layouts of firmware, each worked out once: CPUs may run the same machine code."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._found: dict[tuple[bytes, int], dict[str, Any]] = {}

    def of(self, config: Config) -> dict[str, Any]:
        """As the file holds it."""
        key = firmware_elf(config), code_lines(config.soc.cpu)
        if key not in self._found:
            what = f"{config.soc.cpu}, npu={config.soc.npu}"
            with self._progress.step(f"Following firmware's code for {what}"):
                driver = {} if config.soc.npu == "none" else driver_benchmarks()
                self._found[key] = layout_figures(config, benchmarks(), [*driver.values()])
        return self._found[key]


def measure_cpu(cpu: str, layouts: Layouts, progress: Progress) -> dict[str, Any]:
    """Figures of a CPU, as the file holds them."""
    chips = {n: (cpu_only_config(cpu, n), driver_config(cpu, n)) for n in LATENCIES}
    alone, beside = benchmarks(), driver_benchmarks()
    times = {n: _times(alone, chips[n][0], progress) for n in LATENCIES}
    driver_times = {n: _times(beside, chips[n][1], progress) for n in LATENCIES}
    found = {config.soc.npu: layouts.of(config) for config in chips[LATENCIES[0]]}
    lines = {name: line_through({n: times[n][name].steps for n in times}) for name in alone}
    kernels = kernel_figures(cpu, alone, lines, read_layout(found["none"]))
    figures = {"code_lines": code_lines(cpu), **kernels, "layouts": found}
    return driver_figures(
        figures,
        Measured({n: chips[n][0] for n in LATENCIES}, alone, times),
        Measured({n: chips[n][1] for n in LATENCIES}, beside, driver_times),
    )


def cpu_only_config(cpu: str, latency: int) -> Config:
    """The chip without an accelerator."""
    return load_config("cpu-only", None, [f"cpu={cpu}", f"memory_latency={latency}"])


def _times(runs: Mapping[str, Bench], config: Config, progress: Progress) -> dict[str, Times]:
    soc = config.soc
    found: dict[str, Times] = {}
    what = f"{soc.cpu}, npu={soc.npu}, memory_latency={soc.memory_latency}"
    with progress.step(f"Timing operators on {what}") as step:
        for name, bench in runs.items():
            step.detail = name
            found[name] = bench.run(config)
    return found


def main() -> int:
    """Entry of ``python -m verification.cpu_costs``."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    progress = Progress()
    try:
        layouts = Layouts(progress)
        cpus = {cpu: measure_cpu(cpu, layouts, progress) for cpu in CPU_VARIANTS}
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
