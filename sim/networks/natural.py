"""Seeded signals that look like camera images or spectrograms, for calibration and default inputs.

Uniform noise would leave most networks with the same output for every input: their filters average
it away. A sum of waves whose amplitude falls with frequency does not.
"""

from math import prod

import numpy as np
from numpy.typing import NDArray

WAVES = 10
NOISE = 0.02


def natural(shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
    """A signal of values 0..1.

    Args:
        shape: [height, width, channels], or any other shape, taken as one row of values.
        seed: each seed gives another signal, the same on every machine.
    """
    height, width, channels = shape if len(shape) == 3 else (1, prod(shape), 1)
    rng = np.random.Generator(np.random.PCG64(seed))
    y = np.linspace(0, 1, height).reshape(-1, 1, 1)
    x = np.linspace(0, 1, width).reshape(1, -1, 1)
    signal = np.zeros((height, width, channels))
    for _ in range(WAVES):
        frequency = 2.0 ** rng.uniform(0, 4)
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        tint = rng.uniform(0.5, 1.0, channels)
        along = x * np.cos(angle) + y * np.sin(angle)
        signal += tint * np.cos(2 * np.pi * frequency * along + phase) / frequency
    signal += NOISE * rng.uniform(-1, 1, signal.shape)
    brightness, contrast = rng.uniform(0.35, 0.65), rng.uniform(0.1, 0.3)
    spread = max(float(np.abs(signal).mean()), 1e-6)
    return np.clip(brightness + contrast * signal / spread, 0, 1).reshape(shape)
