"""A network's energy at gate level: the RTL is simulated, the chip's netlist evaluated on it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from tilewright.firmware.build import build_firmware
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.program.program import Program
from tilewright.sim.costs.area.parts import BLOCKS, block_of
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.progress import Progress
from tilewright.sim.results.power import LayerPower, Macros, PowerResult, Technology
from tilewright.sim.results.result import Layer, RunResult
from tilewright.sim.results.segments import CLOCK, Segment
from tilewright.sim.rtl.backend import RtlResult, memory_image, run_rtl
from tilewright.sim.run.evaluate import evaluate, require_equal
from tilewright.sim.run.inferences import Tensors, inferences_of
from tilewright.sim.run.layers import layer_range
from tilewright.verification.gates.activity import measure_activity
from tilewright.verification.gates.evaluation.evaluator import Activity
from tilewright.verification.gates.liberty import Library
from tilewright.verification.gates.liberty_reader import read_liberty
from tilewright.verification.gates.mapping import chip_design, map_design
from tilewright.verification.gates.netlist import Netlist
from tilewright.verification.gates.power.assumptions import Assumptions
from tilewright.verification.gates.power.model import PowerModel

_NUMBER = re.compile(r"\$\d+")
"""What Amaranth puts behind the name of an instance that a signal has as well."""

FROM, TO = "--layers-from", "--layers-to"


@dataclass(frozen=True, kw_only=True)
class PowerRequest:
    """What is asked for.

    Attributes:
        liberty: files of one process corner: standard cells, and SRAM.
        technology: its name in the result; None: the library's.
        dont_use: patterns of cells that are left out.
        layers: names of the first and last layer; None: all.
    """

    config: Config
    liberty: tuple[Path, ...]
    technology: str | None = None
    dont_use: tuple[str, ...] = ()
    layers: tuple[str, str] | None = None
    assumptions: Assumptions = field(default_factory=Assumptions)


@dataclass(frozen=True)
class _Ran:
    """A Program's run in RTL."""

    program: Program
    inputs: Tensors
    chip: RtlResult


def measure_power(network: NetworkFile, request: PowerRequest, progress: Progress) -> PowerResult:
    """The energy of one inference of the seeded signal, by layer and block.

    Raises RequestError where a file or the request is wrong, CheckError where the chip fails, its
    outputs are wrong, or the netlist does something else than the RTL.
    """
    config = request.config
    with progress.step("Reading the library"):
        library = read_liberty(request.liberty)
    result, ran = _run(network, config, progress)
    wanted = _wanted(ran.program, request)
    rows = [
        (layer, stretch)
        for layer, (position, stretch) in zip(result.layers, _stretches(ran), strict=True)
        if (wanted is None or position in wanted) and layer.cycles
    ]
    with progress.step("Mapping the chip to cells") as step:
        paths = [path for prefixes in BLOCKS.values() for path in prefixes if path]
        netlist = map_design(
            chip_design(config),
            library,
            paths,
            config.soc.clock_hz,
            request.dont_use,
            lambda text: setattr(step, "detail", text),
        )
    with progress.step("Preparing the netlist"):
        model = PowerModel(netlist, library, _block, request.assumptions)
    activities = _activities(ran, netlist, model, [stretch for _, stretch in rows], progress)
    with progress.step("Adding up energy"):
        layers = tuple(
            _layer(layer, activity, model, config.soc.clock_hz)
            for (layer, _), activity in zip(rows, activities, strict=True)
        )
    return PowerResult(
        model=result.model.name,
        sha256=result.model.sha256,
        config=config.flat(),
        clock_hz=config.soc.clock_hz,
        technology=_technology(library, request, model),
        cells=dict(sorted(Counter(part.cell for part in netlist.instances).items())),
        area_um2=_areas(netlist, library),
        registers=len(model.program.instances),
        macros=tuple(
            Macros(
                memory=tiling.memory.path,
                words=tiling.memory.words,
                bits=tiling.memory.bits,
                macro=tiling.macro.name,
                macros=tiling.macros,
            )
            for tiling in model.tilings
        ),
        memories=len(netlist.memories),
        layers=layers,
    )


def _run(network: NetworkFile, config: Config, progress: Progress) -> tuple[RunResult, _Ran]:
    ran: list[_Ran] = []

    def run_chip(program: Program, inputs: Tensors) -> RtlResult:
        chip = run_rtl(program, inputs, progress=progress)
        ran.append(_Ran(program, inputs, chip))
        return chip

    inferences = inferences_of(network.graph, None)
    found = evaluate(network, config, "rtl", inferences, progress, run_chip)
    return require_equal(network.name, found), ran[0]


def _wanted(program: Program, request: PowerRequest) -> range | None:
    if request.layers is None:
        return None
    return layer_range(program, (FROM, request.layers[0]), (TO, request.layers[1]))


def _stretches(ran: _Ran) -> list[tuple[int, list[tuple[int, int]]]]:
    """Position among the Program's layers and windows by the chip's timer, of each of the run's
    rows in their order."""
    end = len(ran.program.layers)

    def row(segment: Segment) -> tuple[int, str]:
        return (end if segment.layer is None else segment.layer, segment.engine)

    if ran.chip.start + ran.chip.cycles >= CLOCK:
        raise RequestError(f"{ran.program.name}: runs longer than the chip's timer counts")
    start = ran.chip.start
    return [
        (
            position,
            [(start + s.start, start + s.start + s.cycles) for s in segments if s.cycles],
        )
        for (position, _), segments in groupby(sorted(ran.chip.segments, key=row), key=row)
    ]


def _activities(
    ran: _Ran,
    netlist: Netlist,
    model: PowerModel,
    stretches: Sequence[Sequence[tuple[int, int]]],
    progress: Progress,
) -> list[Activity]:
    program = ran.program
    firmware = build_firmware(program.config, program.step_kinds)
    image = memory_image(program, ran.inputs, firmware)
    windows = [window for stretch in stretches for window in stretch]
    cycles = max(last for _, last in windows) - min(first for first, _ in windows)
    with progress.step("Evaluating the netlist") as step:

        def on_cycle(done: int) -> None:
            step.detail = f"{min(done / cycles, 1):.0%} of {cycles:,} cycles"

        return measure_activity(
            program.config,
            netlist,
            model.program,
            image,
            stretches,
            lambda text: setattr(step, "detail", text),
            on_cycle,
        )


def _layer(layer: Layer, activity: Activity, model: PowerModel, clock_hz: float) -> LayerPower:
    accesses = model.accesses(activity)
    return LayerPower(
        layer=layer,
        energy_pj=model.energy(activity, clock_hz),
        accesses={path: (found.reads, found.writes) for path, found in accesses.items()},
    )


def _technology(library: Library, request: PowerRequest, model: PowerModel) -> Technology:
    return Technology(
        name=request.technology or library.name,
        corner=library.corner,
        voltage_v=library.voltage,
        temperature_c=library.temperature,
        files=tuple(path.name for path in request.liberty),
        wire_ff=model.loads.wire,
        slew_ps=model.loads.slew,
        clock_buffers=sum(tree.buffers for tree, _ in model.trees.values()),
    )


def _areas(netlist: Netlist, library: Library) -> dict[str, float]:
    areas: dict[str, float] = {}
    for part in netlist.instances:
        block = _block(part.path)
        areas[block] = areas.get(block, 0.0) + library.cells[part.cell].area
    return areas


def _block(path: str) -> str:
    return block_of(_NUMBER.sub("", path))
