"""What the chip's counters say at a point; kept in a file each, so that it is simulated once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from tilewright.firmware.build import build_firmware
from tilewright.hw.spec.errors import CheckError
from tilewright.mapper.program.program import Program
from tilewright.sim.files import write_atomically
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.progress import Progress
from tilewright.sim.results.segments import Segment
from tilewright.sim.rtl.backend import memory_image, run_rtl
from tilewright.sim.run.check import check_run
from tilewright.sim.version import origin
from tilewright.verification.tools.description import source_key

Tensors = Mapping[str, NDArray[np.int8]]

SCHEMA = "tilewright.measurement/1"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Segments of an inference on the chip; seconds of host time, 0 where they were kept."""

    segments: tuple[Segment, ...]
    build_s: float = 0.0
    simulate_s: float = 0.0


def measurement_key(program: Program, inputs: Tensors) -> str:
    """Hash of all that the chip's counters depend on: hardware, firmware, Program, inputs."""
    image = memory_image(program, inputs, build_firmware(program.config, program.step_kinds))
    hardware = source_key(program.config)
    return hashlib.sha256(hardware.encode() + image).hexdigest()[:16]


def kept_measurement(path: Path) -> Measurement | None:
    """What ``path`` holds, if it does."""
    if not path.exists():
        return None
    document: dict[str, Any] = json.loads(path.read_text())
    if document.get("schema") != SCHEMA:
        return None
    return Measurement(segments=tuple(Segment(**item) for item in document["segments"]))


def measure(program: Program, inputs: Tensors, path: Path) -> Measurement:
    """Simulate, compare the outputs with the functional backend's, keep the counters in ``path``.

    Raises CheckError when the chip fails or computes something else, RequestError as `run_rtl`.
    """
    expected = run_functional(program, inputs)
    chip = run_rtl(program, inputs, progress=Progress(Console(quiet=True)))
    _, difference = check_run(program, inputs, expected, chip)
    if difference:
        raise CheckError(f"{program.name}: {difference}")
    segments = [asdict(segment) for segment in chip.segments]
    head = {"schema": SCHEMA, **origin()}
    document = {**head, "network": program.name, "config": program.config.flat()}
    write_atomically(path, json.dumps({**document, "segments": segments}) + "\n")
    return Measurement(segments=chip.segments, build_s=chip.build_s, simulate_s=chip.simulate_s)
