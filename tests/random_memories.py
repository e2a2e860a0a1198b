"""Seeded random timings of main memory and of a weight memory, all kinds among them."""

import numpy as np

from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.errors import RequestError

KINDS = ("fixed", "sram", "mram", "psram", "dram")
WEIGHT_KINDS = ("none", "none", *KINDS, "flash")


def random_memory(seed: int, **design: int | str) -> Config:
    """A memory that may wait, beside what ``design`` sets: kinds with fields of their own."""
    rng = np.random.default_rng([seed, 3])
    while True:
        values: dict[str, int | str] = {
            "memory_kind": str(rng.choice(KINDS)),
            "memory_contention": int(rng.choice([0, 0, 10, 37, 90])),
            "weight_memory_kind": str(rng.choice(WEIGHT_KINDS)),
        }
        values |= _some(rng, "memory_", {"write_cycles": (0, 1, 9, 60)})
        if values["weight_memory_kind"] != "none":
            values |= _some(rng, "weight_memory_", {})
        try:
            config = make_config({**design, **values})
        except RequestError:
            continue
        if not config.memory_is_constant:
            return config


def _some(
    rng: np.random.Generator, prefix: str, more: dict[str, tuple[int, ...]]
) -> dict[str, int]:
    """A few fields of a memory, odd values among them."""
    choices: dict[str, tuple[int, ...]] = {
        "latency": (1, 2, 7, 19, 40),
        "width_bits": (0, 0, 4, 8, 16, 32),
        "page_bytes": (0, 64, 256, 4096),
        "banks": (1, 2, 8),
        "miss_cycles": (0, 1, 3, 17),
        **more,
    }
    chosen = {name: values for name, values in choices.items() if rng.random() < 0.4}
    found = {prefix + name: int(rng.choice(values)) for name, values in chosen.items()}
    if rng.random() < 0.3:
        found[f"{prefix}refresh_period"] = int(rng.integers(100, 1000))
        found[f"{prefix}refresh_cycles"] = int(rng.integers(1, 30))
    return found
