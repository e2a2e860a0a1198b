"""The obvious changes of a configuration, and what the model predicts for each, made alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.costs.clock import with_clock
from tilewright.sim.explain.losses import BETWEEN, ON_THE_CPU
from tilewright.sim.progress import Progress
from tilewright.sim.results.result import RunResult
from tilewright.sim.results.rows import WAITS_FOR_CPU
from tilewright.sim.run.predict import Predictor

Values = Mapping[str, int | str]

AGAINST: Mapping[str, tuple[str, ...]] = {
    "npu": (ON_THE_CPU,),
    "elementwise_unit": (ON_THE_CPU,),
    "table_unit": (ON_THE_CPU,),
    "move_unit": (ON_THE_CPU,),
    "accumulator_bits": (ON_THE_CPU,),
    "cpu": (ON_THE_CPU, BETWEEN, WAITS_FOR_CPU),
    "rows": ("computing",),
    "cols": ("computing", "idle columns"),
    "bus_bytes": ("transfer", "weights", "parameters"),
    "memory_latency": ("transfer", "weights", "command", ON_THE_CPU),
    "memory_kind": ("transfer", "weights", "parameters", "command", ON_THE_CPU),
    "weight_memory_kind": ("weights", "parameters", "command"),
    "scratchpad_bytes": ("transfer",),
    "scratchpad_banks": ("transfer", "activations"),
    "port_bytes": ("activations",),
    "weight_buffer_bytes": ("weights",),
    "depthwise_kernel": ("activations",),
    "requantiser_lanes": ("drain", "computing"),
}
"""By field what a change of it is meant to take away; "computing" is no loss, but can be shared by
more elements."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One field with another value.

    ``result`` is the prediction; None where the configuration cannot be, or not run the network:
    ``refusal`` says why.
    """

    key: str
    before: int | str
    after: int | str
    result: RunResult | None
    refusal: str = ""

    @property
    def text(self) -> str:
        """Such as "cols 8 to 12"."""
        return f"{self.key} {_shown(self.before)} to {_shown(self.after)}"


def predicted_changes(
    predictor: Predictor, values: Values, window: int, progress: Progress
) -> tuple[Change, ...]:
    """Every obvious change of the configuration that ``values`` make, fewest cycles first.

    ``values`` are those that somebody set: fields derived from others follow a change.
    ``window``: pixels of the largest one in a layer that waits for activations, at most
    `LARGEST_KERNEL`.
    """
    config = with_clock(make_config(values))
    wanted = list(proposals(config, window))
    found: list[Change] = []
    with progress.step("Predicting changes") as step:
        for number, (key, value) in enumerate(wanted, 1):
            step.detail = f"{number} of {len(wanted)}"
            found.append(_predicted(predictor, values, config, key, value))
    return tuple(sorted(found, key=_cycles))


def proposals(config: Config, window: int) -> Iterator[tuple[str, int | str]]:
    """Fields and the values to try: half as much again and twice, a step of a power, what is left
    out."""
    npu, soc = config.npu, config.soc
    if soc.npu == "none":
        yield "npu", "array"
    else:
        for key in ("cols", "rows"):
            now = getattr(npu, key)
            yield from ((key, size) for size in (now * 3 // 2, now * 2) if now < size <= 32)
        for unit in ("elementwise_unit", "table_unit", "move_unit"):
            if not getattr(npu, unit):
                yield unit, True
        if npu.accumulator_bits < 32:
            yield "accumulator_bits", 32
        for key, most in _DOUBLED.items():
            if getattr(npu, key) < most:
                yield key, 2 * getattr(npu, key)
        if npu.requantiser_lanes < npu.rows:
            yield "requantiser_lanes", npu.rows
        if npu.depthwise_kernel < window:
            yield "depthwise_kernel", window
    if soc.memory_latency > 1:
        yield "memory_latency", soc.memory_latency // 2
    for key in ("memory_kind", "weight_memory_kind"):
        if getattr(soc, key) in _SLOW_KINDS:
            yield key, "sram"
    if soc.cpu != "full":
        yield "cpu", "full"


_SLOW_KINDS = ("mram", "flash", "psram", "dram")

_DOUBLED = {
    "bus_bytes": 32,
    "scratchpad_bytes": 1 << 20,
    "scratchpad_banks": 16,
    "port_bytes": 32,
    "weight_buffer_bytes": 1 << 20,
}
"""Fields of the accelerator with the largest value that is still doubled to."""

LARGEST_KERNEL = 7
"""The largest ``depthwise_kernel``."""


def _predicted(
    predictor: Predictor, values: Values, config: Config, key: str, value: int | str
) -> Change:
    before = config.flat()[key]
    try:
        result = predictor.predict(with_clock(make_config({**values, key: value})))
    except RequestError as error:
        return Change(key=key, before=before, after=value, result=None, refusal=str(error))
    return Change(key=key, before=before, after=value, result=result)


def _cycles(change: Change) -> float:
    cycles = change.result.total.cycles if change.result else None
    return float("inf") if cycles is None else cycles


def _shown(value: int | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def against(key: str, causes: Sequence[str]) -> tuple[str, ...]:
    """What a change of a field is meant to take away, of the causes that there are."""
    return tuple(cause for cause in AGAINST[key] if cause in causes or cause == "computing")
