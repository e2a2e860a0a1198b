"""Measures the four MLPerf Tiny networks on several arrays: ``make performance``.

Prints a Markdown table of the cycles of one inference on the chip (RTL with firmware, everything
included), and for one array where they go: by cause and kind of layer, or layer by layer. Needs the
official ``.tflite`` files in a folder, ``vww.tflite`` and so on.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.profile import CAUSES
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.importers import import_model
from tilewright.mapper.program.program import Program, ProgramLayer
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.rtl.backend import RtlResult, run_rtl

NETWORKS = ("vww", "kws", "ic", "ad")
ARRAYS = ("4x8", "8x8", "16x8", "16x16")


START, REST = "CPU, start and interrupt", "adds and pools"
KINDS = (
    *("convolution", "pointwise", "depthwise", "fully connected", "softmax"),
    *(REST, "CPU operators", START),
)

UNPAIRED = "steps of an unpaired array without a stall"
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def measure(path: Path, config: Config) -> tuple[Program, RtlResult]:
    """One inference on seeded noise, checked against the functional backend."""
    program = compile_model(import_model(path), config)
    generator = np.random.default_rng(1)
    inputs = {
        port.name: generator.integers(-128, 128, port.shape, dtype=np.int8)
        for port in program.inputs
    }
    result = run_rtl(program, inputs)
    for name, expected in run_functional(program, inputs).outputs.items():
        np.testing.assert_array_equal(result.outputs[name], expected)
    return program, result


def array_config(array: str, sets: Sequence[str]) -> Config:
    """``RxC`` with other fields set."""
    rows, _, cols = array.partition("x")
    return load_config(sets=[f"rows={rows}", f"cols={cols}", *sets])


def print_table(models: Path, arrays: Sequence[str], sets: Sequence[str]) -> None:
    """A row for each array."""
    print(f"| array | {' | '.join(name.upper() for name in NETWORKS)} |")
    print("|---|" + "---|" * len(NETWORKS))
    for array in arrays:
        config = array_config(array, sets)
        cycles = [measure(models / f"{name}.tflite", config)[1].cycles for name in NETWORKS]
        print(f"| {array} | {' | '.join(f'{count:,}' for count in cycles)} |", flush=True)


def print_layers(models: Path, array: str, sets: Sequence[str]) -> None:
    """A table for each network: utilisation of the array and causes of stalls by layer."""
    config = array_config(array, sets)
    elements = config.npu.rows * config.npu.cols
    causes = [name for name, _ in CAUSES if name != "busy"]
    for name in NETWORKS:
        program, result = measure(models / f"{name}.tflite", config)
        print(f"\n### {name.upper()} at {array}: {result.cycles:,} cycles")
        print(f"| layer | operator | cycles | utilisation | {' | '.join(causes)} |")
        print("|---|---|---|---|" + "---|" * len(causes))
        for segment in result.segments:
            layer = program.layers[segment.layer] if segment.layer is not None else None
            label = (layer.name, layer.op) if layer else (f"({segment.engine})", "")
            used = layer.macs / elements / segment.cycles if layer and layer.macs else None
            share = "" if used is None else f"{used:.1%}"
            stalls = " | ".join(str(segment.causes.get(cause, "")) for cause in causes)
            print(f"| {label[0]} | {label[1]} | {segment.cycles:,} | {share} | {stalls} |")


def kinds_of(graph: Graph, program: Program) -> list[str]:
    """For each layer of the program one of KINDS."""
    ops = {op.name: op for op in graph.ops}

    def kind(layer: ProgramLayer) -> str:
        op = ops[layer.covers[0]]
        if layer.engine == "cpu":
            return "CPU operators"
        if op.kind == "CONV_2D":
            _, height, width, _ = graph.tensors[op.inputs[1]].shape
            return "pointwise" if height == width == 1 else "convolution"
        named = {
            "DEPTHWISE_CONV_2D": "depthwise",
            "FULLY_CONNECTED": "fully connected",
            "SOFTMAX": "softmax",
        }
        return named.get(op.kind, REST)

    return [kind(layer) for layer in program.layers]


def unpaired_steps(graph: Graph, rows: int, cols: int) -> int:
    """Steps of an array of rows channels x cols pixels: convolutions whose blocks of channels and
    pixels are rounded up to the array, without any other loss."""
    steps = 0
    for op in graph.ops:
        if op.kind not in WEIGHTED:
            continue
        shape = graph.tensors[op.inputs[1]].shape
        *pixels, channels = graph.tensors[op.outputs[0]].shape
        taps = prod(shape[:2]) if op.kind == "DEPTHWISE_CONV_2D" else prod(shape[1:])
        steps += -(-channels // rows) * -(-prod(pixels) // cols) * taps
    return steps


def print_summary(models: Path, array: str, sets: Sequence[str]) -> None:
    """Where the cycles of each network go: by cause, and by kind of layer with its utilisation."""
    config = array_config(array, sets)
    causes = [name for name, _ in CAUSES]
    columns = []
    for name in NETWORKS:
        program, result = measure(models / f"{name}.tflite", config)
        graph, rows, cols = (
            import_model(models / f"{name}.tflite"),
            config.npu.rows,
            config.npu.cols,
        )
        column = summary(program, result, kinds_of(graph, program), rows * cols)
        columns.append(column | {UNPAIRED: f"{unpaired_steps(graph, rows, cols):,}"})
    print(f"| {array} | {' | '.join(name.upper() for name in NETWORKS)} |")
    print("|---|" + "---|" * len(NETWORKS))
    for row in (*causes, "CPU", "total", "utilisation", UNPAIRED, *KINDS):
        print(f"| {row} | {' | '.join(column[row] for column in columns)} |")


def summary(
    program: Program, result: RtlResult, kinds: Sequence[str], elements: int
) -> dict[str, str]:
    """A column of `print_summary`'s table, by row."""
    causes: Counter[str] = Counter()
    cycles: Counter[str] = Counter()
    macs: Counter[str] = Counter()
    for segment in result.segments:
        causes.update(segment.causes)
        kind = START if segment.layer is None else kinds[segment.layer]
        cycles[kind] += segment.cycles
    for layer, kind in zip(program.layers, kinds, strict=True):
        macs[kind] += layer.macs
    column = {name: f"{causes[name]:,}" for name, _ in CAUSES}
    column["CPU"] = f"{result.cycles - sum(causes.values()):,}"
    column["total"] = f"{result.cycles:,}"
    column["utilisation"] = f"{macs.total() / elements / result.cycles:.1%}"
    for kind in KINDS:
        share = f"{cycles[kind] / result.cycles:.1%}"
        used = f", {macs[kind] / elements / cycles[kind]:.1%} used" if macs[kind] else ""
        column[kind] = f"{cycles[kind]:,} ({share}{used})" if cycles[kind] else "-"
    return column


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("../shared/models/tflite"))
    parser.add_argument("--array", action="append", help="RxC; several times")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="sets")
    parser.add_argument("--summary", action="store_true", help="the first array by cause and kind")
    parser.add_argument("--layers", action="store_true", help="the first array layer by layer")
    arguments = parser.parse_args()
    arrays = arguments.array or ARRAYS
    if arguments.layers:
        print_layers(arguments.models, arrays[0], arguments.sets)
    elif arguments.summary:
        print_summary(arguments.models, arrays[0], arguments.sets)
    else:
        print_table(arguments.models, arrays, arguments.sets)


if __name__ == "__main__":
    main()
