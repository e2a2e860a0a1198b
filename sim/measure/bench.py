"""How many designs a second the model backend predicts, and in how much memory.

Times are those of one core: what other processes take from it does not count.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.soc_config import CPU_VARIANTS
from tilewright.sim.files import require_apart, require_writable, write_atomically
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.networks.zoo import ZOO_NAMES
from tilewright.sim.progress import Progress, Step
from tilewright.sim.report.console import report_console
from tilewright.sim.run.predict import Predictor, mapping_of
from tilewright.sim.version import origin

SCHEMA = "tilewright.bench/1"

MOST_POINTS = 2000


ALIKE = 5
"""For one mapped design so many that differ from it in what leaves the mapping alone."""

CHOICES = {
    "rows": (4, 6, 8, 12, 16, 32),
    "cols": (4, 6, 8, 10, 12, 16, 32),
    "scratchpad_bytes": (16384, 32768, 65536, 131072),
    "weight_buffer_bytes": (4096, 8192, 16384, 32768),
    "bus_bytes": (4, 8, 16),
    "memory_latency": (1, 4, 8, 20),
}
"""Values of the designs, drawn independently of each other."""

_SEED = 0


@dataclass(frozen=True)
class Rate:
    """How fast points were predicted.

    Attributes
    ----------
    points: how many.
    seconds: of the processor that they took.
    """

    points: int
    seconds: float

    @property
    def per_second(self) -> float | None:
        """Points a second and core; None where none were predicted."""
        return self.points / self.seconds if self.points and self.seconds else None


@dataclass(frozen=True, kw_only=True)
class Speed:
    """How fast one network is predicted.

    Attributes
    ----------
    name: of the network.
    import_s, first_s: seconds of its import, and of the first point, which a run takes once.
    mapped: points with a mapping of their own.
    alike: points with the mapping of the one before.
    peak_memory_bytes: largest resident set of the process that predicted it.
    """

    name: str
    import_s: float
    first_s: float
    mapped: Rate
    alike: Rate
    peak_memory_bytes: int


def designs(points: int) -> list[Config]:
    """So many seeded configurations of which no two have the same mapping."""
    drawn = random.Random(_SEED)
    found: dict[Config, Config] = {}
    while len(found) < points:
        values = {name: drawn.choice(choices) for name, choices in CHOICES.items()}
        try:
            config = make_config(values)
        except RequestError:
            continue
        found.setdefault(mapping_of(config), config)
    return list(found.values())


def alike(config: Config) -> Iterator[Config]:
    """Configurations with the same mapping."""
    drawn = random.Random(config.hardware_key())
    for _ in range(ALIKE):
        values = {
            **config.flat(),
            "memory_latency": drawn.randint(1, 64),
            "clock_hz": drawn.randint(50, 500) * 1_000_000,
            "cpu": drawn.choice(list(CPU_VARIANTS)),
        }
        yield make_config(values)


def measure_apart(model: str, points: int) -> Speed:
    """As `measure`, in a process of its own, whose memory holds nothing else."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(_measure_here, model, points).result()


def _measure_here(model: str, points: int) -> Speed:
    return measure(model, designs(points), Progress())


def measure(model: str, configs: Sequence[Config], progress: Progress) -> Speed:
    """Import a network and predict it on the configurations, one after the other."""
    started = time.process_time()
    network = open_network(model, progress)
    import_s = time.process_time() - started
    started = time.process_time()
    predictor = Predictor(network)
    predictor.predict(load_config())
    first_s = time.process_time() - started
    with progress.step(f"Predicting {network.name}") as step:
        mapped, same = _rates(predictor, configs, step)
    return Speed(
        name=network.name,
        import_s=import_s,
        first_s=first_s,
        mapped=mapped,
        alike=same,
        peak_memory_bytes=1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    )


def _rates(predictor: Predictor, configs: Sequence[Config], step: Step) -> tuple[Rate, Rate]:
    mapped, same = Rate(0, 0.0), Rate(0, 0.0)
    for number, config in enumerate(configs, 1):
        step.detail = f"design {number} of {len(configs)}"
        mapped, fits = _timed(mapped, predictor.predict, config)
        for variant in alike(config) if fits else ():
            same, _ = _timed(same, predictor.predict, variant)
    return mapped, same


def _timed(rate: Rate, predict: Callable[[Config], object], config: Config) -> tuple[Rate, bool]:
    """The rate with one more point, and whether there is such a point; time counts either way."""
    started = time.process_time()
    try:
        predict(config)
        fits = True
    except RequestError:
        fits = False
    return Rate(rate.points + fits, rate.seconds + time.process_time() - started), fits


def bench(models: Sequence[str] | None, points: int, json_file: Path | None) -> None:
    """Measure the networks, print the table, write the figures.

    Raises RequestError for a wrong number of points, a network or a file to write.
    """
    if not 1 <= points <= MOST_POINTS:
        raise RequestError(f"--points {points}: must be 1..{MOST_POINTS}")
    if json_file is not None:
        require_writable(json_file)
        require_apart({"--json": json_file}, {"--model": map(Path, models or ())})
    speeds = [measure_apart(model, points) for model in models or ZOO_NAMES]
    print_speeds(speeds, report_console())
    if json_file is not None:
        write_atomically(json_file, json.dumps(to_dict(speeds), indent=1) + "\n")


def print_speeds(speeds: Sequence[Speed], console: Console) -> None:
    """A row for each network."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("network")
    headings = ("import", "first point", "designs", "mapped/s", "same mapping/s", "memory")
    for heading in headings:
        table.add_column(heading, justify="right")
    for speed in speeds:
        table.add_row(
            speed.name,
            _milliseconds(speed.import_s),
            _milliseconds(speed.first_s),
            str(speed.mapped.points),
            _per_second(speed.mapped),
            _per_second(speed.alike),
            f"{speed.peak_memory_bytes / 1e6:.0f} MB",
        )
    console.print(table)
    console.print("Rates are for one core; memory is the peak of a process for each network.")


def to_dict(speeds: Sequence[Speed]) -> dict[str, Any]:
    """The figures as a JSON document."""

    def rate(found: Rate) -> dict[str, Any]:
        return {**vars(found), "per_second": found.per_second}

    return {
        "schema": SCHEMA,
        **origin(),
        "networks": [
            {**vars(speed), "mapped": rate(speed.mapped), "alike": rate(speed.alike)}
            for speed in speeds
        ],
    }


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:,.0f} ms"


def _per_second(rate: Rate) -> str:
    return "-" if rate.per_second is None else f"{rate.per_second:,.1f}"
