"""Real networks against their reference outputs, on every backend: the table in docs/networks.md.

``python -m sim.measure.networks [--networks DIR] [--rtl-macs N] [--write]`` takes every NAME.tflite
and NAME.onnx in DIR that has a NAME.npz beside it: arrays ``input_<i>`` and ``output_<i>`` with a
row for each inference. ``--write`` puts the table into docs/networks.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import TilewrightError
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.interface import decode_output
from tilewright.mapper.program.program import Program
from tilewright.sim.files import write_atomically
from tilewright.sim.networks.inputs import load_rows
from tilewright.sim.networks.network_file import NetworkFile, open_network
from tilewright.sim.progress import Progress
from tilewright.sim.results.result import RunResult
from tilewright.sim.rtl.backend import RtlResult, run_rtl
from tilewright.sim.run.evaluate import evaluate
from tilewright.sim.run.inferences import Inferences, Tensors

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "networks.md"
DEFAULT = PROJECT.parent / "shared" / "models" / "networks"
BEGIN, END = "<!-- networks: begin -->", "<!-- networks: end -->"
MEMORY_BYTES = 16 << 20
RTL_MACS = 60_000_000
"""Products up to which a network is simulated in RTL."""
_HEAD = (
    "| network | M MACs | equal to the reference | RTL | cycles | utilisation | on the CPU |\n"
    "|---|--:|--:|--:|--:|--:|--:|"
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A network's line: elements that equal the reference, and what the chip or the model said."""

    name: str
    macs: int
    equal: int
    elements: int
    result: RunResult

    def text(self) -> str:
        """The line of the table."""
        total, check = self.result.total, self.result.check
        rtl = "-" if check is None else f"{check.elements - check.mismatches} of {check.elements}"
        predicted = " (model)" if self.result.backend == "model" else ""
        cycles = total.cycles or 0
        share = (total.cpu_cycles or 0) / cycles if cycles else 0.0
        cells = (
            self.name,
            f"{self.macs / 1e6:.2f}",
            f"{self.equal:,} of {self.elements:,}",
            rtl,
            f"{cycles:,}{predicted}",
            f"{100 * (total.mac_utilisation or 0):.1f}%",
            f"{100 * share:.1f}%",
        )
        return f"| {' | '.join(cells)} |"


def measured(path: Path, config: Config, rtl_macs: int, progress: Progress) -> Row:
    """Run all rows in the functional backend, and the first one in RTL or by the model."""
    network = open_network(str(path), progress)
    rows = load_rows(network.graph, path.with_suffix(".npz"))
    found = evaluate(network, config, "functional", Inferences(rows=rows), progress).result
    equal, elements = _equal(network, found, path.with_suffix(".npz"))
    macs = network.graph.macs()
    backend = "rtl" if macs <= rtl_macs else "model"

    def run_chip(program: Program, inputs: Tensors) -> RtlResult:
        return run_rtl(program, inputs, progress=progress)

    one = Inferences(rows=rows[:1])
    result = evaluate(network, config, backend, one, progress, run_chip).result
    return Row(name=path.stem, macs=macs, equal=equal, elements=elements, result=result)


def _equal(network: NetworkFile, found: RunResult, reference: Path) -> tuple[int, int]:
    """Elements of all outputs and rows that equal the reference, and how many there are."""
    equal, elements = 0, 0
    with np.load(reference) as arrays:
        for position, name in enumerate(network.graph.outputs):
            expected = arrays[f"output_{position}"]
            for row, inference in enumerate(found.inferences):
                output = inference.outputs[position]
                integers = np.array(output.values, output.dtype).reshape(output.shape)
                values = decode_output(network.graph, name, integers)
                same = values.reshape(-1) == expected[row].reshape(-1)
                equal, elements = equal + int(same.sum()), elements + same.size
    return equal, elements


def networks_in(folder: Path) -> Iterator[Path]:
    """The networks that have reference outputs beside them, by name."""
    for path in sorted(folder.iterdir()):
        if path.suffix in (".tflite", ".onnx") and path.with_suffix(".npz").exists():
            yield path


def main(arguments: list[str]) -> int:
    """Entry of ``python -m sim.measure.networks``."""
    parser = argparse.ArgumentParser(prog="python -m sim.measure.networks", description=__doc__)
    parser.add_argument("--networks", type=Path, default=DEFAULT, metavar="DIR")
    parser.add_argument("--only", action="append", metavar="NAME")
    parser.add_argument("--rtl-macs", type=int, default=RTL_MACS, metavar="N")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="sets")
    parser.add_argument("--write", action="store_true", help="put the table into docs/networks.md")
    options = parser.parse_args(arguments)
    if not options.networks.is_dir():
        print(f"error: {options.networks} is no folder: name one with --networks", file=sys.stderr)
        return 2
    config = load_config(sets=[f"memory_bytes={MEMORY_BYTES}", *options.sets])
    progress = Progress(Console(stderr=True))
    lines, failed = [_HEAD], 0
    for path in networks_in(options.networks):
        if options.only and path.stem not in options.only:
            continue
        try:
            row = measured(path, config, options.rtl_macs, progress)
        except TilewrightError as error:
            print(f"error: {error}", file=sys.stderr)
            failed += 1
            continue
        failed += row.equal != row.elements or bool(
            row.result.check and row.result.check.mismatches
        )
        lines.append(row.text())
        print(lines[-1], flush=True)
    if options.write:
        _write("\n".join(lines))
    return 3 if failed else 0


def _write(table: str) -> None:
    """Replace what stands between the marks in the page."""
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    write_atomically(PAGE, f"{before}{BEGIN}\n{table}\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
