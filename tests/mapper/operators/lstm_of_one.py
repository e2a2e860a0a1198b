"""A random UNIDIRECTIONAL_SEQUENCE_LSTM as a network of its own."""

from __future__ import annotations

import numpy as np

from tests.mapper.operators.networks_of_one import NetworkOfOne


def lstm(network: NetworkOfOne, *, most: tuple[int, int] = (3, 12), wide: bool = False, **changed):
    """``most``: time steps, and channels or units. ``wide``: input, hidden state and result are
    int16. ``changed``: operands by number that are others than usual; options of the operator."""
    builder, rng = network.builder, network.rng
    batches, steps = network.integer(1, 3), network.integer(1, most[0])
    inputs, units = network.sizes(2, most[1])
    time_major = network.chance()
    outer = (steps, batches) if time_major else (batches, steps)
    kind, largest = ("int16", 1 << 15) if wide else ("int8", 1 << 7)
    x = network.tensor("x", (*outer, inputs))
    if wide:
        scale = network.scale(2.0**-14, 2.0**-10)
        x = builder.tensor("x", (*outer, inputs), dtype=kind, scale=scale)
    hidden = {"scale": 1 / largest, "zero_point": 0, "dtype": kind}
    if network.chance() and not wide:
        hidden |= {"scale": network.scale(0.004, 0.012), "zero_point": network.integer(-20, 20)}
    operands = [x] + [-1] * 23
    for gate in range(4):
        for place, width, unit in (
            (1 + gate, inputs, builder.tensors[x].scale[0]),
            (5 + gate, units, hidden["scale"]),
        ):
            # Sums of a few units, where the functions bend.
            scale = float(np.float32(2.0 ** rng.uniform(-1, 1) / (unit * 40 * largest)))
            operands[place] = builder.constant(f"w{place}", network.int8(units, width), scale=scale)
        bias = rng.integers(-5000, 5000, units).astype(np.int64 if wide else np.int32)
        operands[12 + gate] = builder.constant(f"b{gate}", bias, scale=1e-4)
    operands[18] = builder.tensor("hidden", (batches, units), variable=True, **hidden)
    cell = {"dtype": "int16", "scale": 2.0 ** network.integer(-14, -9)}
    operands[19] = builder.tensor("cell", (batches, units), variable=True, **cell)
    y = builder.tensor("y", (*outer, units), **hidden)
    for name, make in changed.items():
        if name.startswith("operand_"):
            operands[int(name[8:])] = make(builder, units)
    clip = changed.get("cell_clip", float(rng.choice([0.0, 0.0, 1.5])))
    builder.lstm(operands, y, time_major=time_major, cell_clip=clip)
    return [x], y
