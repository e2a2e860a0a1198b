"""LSTM and GRU as ONNX has them: their state begins anew with every inference.

The state has 16 bits, so that what is rounded in one time step is not noticed in the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic import sigmoid_int16
from tilewright.hw.spec.steps import GRU, LSTM
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.operators.images import clamp_fields, ends, int32_table
from tilewright.mapper.operators.weighted import require_constant

GATE_SCALE = 2.0**-12
"""What the sums of the gates are counted in."""
STATE_SCALE = 2.0**-15
"""What the functions of the gates, the state and the result are counted in."""


@dataclass(frozen=True, kw_only=True)
class Gated(Operator):
    """The common part: x [T,B,I], weights int8 [G,U,I] and [G,U,U] and biases of G gates.

    The result is int16 [T,B,U] of scale 2**-15. States are constants or computed, int16 [B,U].
    """

    gates: ClassVar[int]

    def activations(self, site: Site) -> tuple[Tensor, ...]:
        """Return the input, and the states where they are computed."""
        return tuple(tensor for tensor in site.inputs if tensor.data is None)

    def sizes(self, site: Site) -> tuple[int, int, int, int]:
        """Return time steps, batches, inputs and units. Raises RequestError where they differ."""
        shape = site.x.shape
        if len(shape) != 3:
            site.refuse(f" needs an input of time steps, batches and channels, not {shape}")
        _, weights, recurrent = site.inputs[:3]
        units = recurrent.shape[-1]
        require_constant(site, weights, (self.gates, units, shape[2]), "int8")
        require_constant(site, recurrent, (self.gates, units, units), "int8")
        if site.result.scale != STATE_SCALE:
            site.refuse(f": output '{site.result.name}' must have scale 2**-15")
        return *shape, units

    def state(self, site: Site, tensor: Tensor, batches: int, units: int) -> None:
        """Raise RequestError unless a tensor is the state of so many units."""
        if tensor.dtype != "int16" or tensor.elements != batches * units:
            site.refuse(f": state '{tensor.name}' is {tensor.dtype} {tensor.shape}")

    def macs(self, site: Site) -> int:
        """Return the products."""
        return site.x.shape[0] * site.x.shape[1] * sum(t.elements for t in site.inputs[1:3])

    def fields(self, site: Site, cpu: Cpu) -> dict[str, int]:
        """What the steps of both share."""
        steps, batches, inputs, units = self.sizes(site)
        _, weights, recurrent = site.inputs[:3]
        assert weights.data is not None
        assert recurrent.data is not None
        return ends(site, cpu) | {
            "input_weights": cpu.constant(weights.data.tobytes()),
            "recurrent_weights": cpu.constant(recurrent.data.tobytes()),
            "table": cpu.constant(sigmoid_int16.table().astype("<u2").tobytes()),
            "batches": batches,
            "time_steps": steps,
            "batch_rows": 1,
            "step_rows": batches,
            "inputs": inputs,
            "units": units,
            "input_zero_point": site.x.zero_point,
        }

    def gate_factors(self, site: Site) -> list[float]:
        """Return the factors of the gates' inputs, then of their states."""
        x, weights, recurrent = site.inputs[:3]
        return [
            *[x.scale * weights.scale / GATE_SCALE] * self.gates,
            *[STATE_SCALE * recurrent.scale / GATE_SCALE] * self.gates,
        ]


def _address(cpu: Cpu, tensor: Tensor) -> int:
    """Where a state is that is computed or stored in the file."""
    if tensor.data is None:
        return cpu.address(tensor.name)
    return cpu.constant(tensor.data.astype("<i2").tobytes())


def _bias(cpu: Cpu, tensor: Tensor) -> int:
    assert tensor.data is not None
    return cpu.constant(tensor.data.astype("<i8").tobytes())


def _pairs(cpu: Cpu, factors: Sequence[float]) -> int:
    return int32_table(cpu, np.array([nm.quantize_multiplier(f) for f in factors], dtype=np.int32))


@dataclass(frozen=True, kw_only=True)
class Lstm(Gated):
    """LSTM of int16 x with gates forget, input, cell, output; then bias int64 [4,U] and two states.

    They are the hidden one, of scale 2**-15, and the cell's, of a power of two. Behind the result
    come their last values.
    """

    kind: ClassVar[str] = "LSTM"
    inputs: ClassVar[tuple[int, int]] = (6, 6)
    gates: ClassVar[int] = 4

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless all that is computed is int16 with zero point 0."""
        for tensor in (*self.activations(site), *site.outputs):
            if tensor.dtype != "int16" or not tensor.is_whole or tensor.zero_point != 0:
                site.refuse(f": '{tensor.name}' is not int16 of one scale and zero point 0")

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape with a channel for each unit, and the states'."""
        steps, batches, _, units = self.sizes(site)
        bias, hidden, cell = site.inputs[3:]
        require_constant(site, bias, (self.gates, units), "int64")
        for state in (hidden, cell):
            self.state(site, state, batches, units)
        return [(steps, batches, units), (batches, units), (batches, units)]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        bias, hidden, cell = site.inputs[3:]
        factors = [
            *self.gate_factors(site),
            STATE_SCALE,
            STATE_SCALE * STATE_SCALE / cell.scale,
            STATE_SCALE,
        ]
        # The cell's function takes its operand in thirds of 2**-12.
        left = 12 + round(float(np.log2(cell.scale)))
        values = self.fields(site, cpu) | {
            "hidden": _address(cpu, hidden),
            "next_hidden": cpu.address(site.outputs[1].name),
            "cell": _address(cpu, cell),
            "next_cell": cpu.address(site.outputs[2].name),
            "bias": _bias(cpu, bias),
            "factors": _pairs(cpu, factors),
            "hidden_zero_point": 0,
            "cell_clip": 0,
            "tanh_multiplier": 3 << max(left, 0),
            "tanh_shift": max(-left, 0),
            "element_bytes": 2,
        }
        return [(LSTM, values | clamp_fields(-32768, 32767))]


@dataclass(frozen=True, kw_only=True)
class Gru(Gated):
    """GRU of int8 x with gates update, reset, new; then biases int32 and int64 [3,U] and the state.

    The biases are those of the inputs and of the state. ``linear_before_reset``: the reset gate
    multiplies the product of state and weights. Behind the result comes a row that is overwritten.
    """

    kind: ClassVar[str] = "GRU"
    inputs: ClassVar[tuple[int, int]] = (6, 6)
    gates: ClassVar[int] = 3

    linear_before_reset: bool

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless the input is int8, and all else that is computed int16."""
        for tensor in (*self.activations(site), *site.outputs):
            wanted = "int8" if tensor is site.x else "int16"
            if tensor.dtype != wanted or not tensor.is_whole:
                site.refuse(f": '{tensor.name}' is not {wanted} of one scale")

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape with a channel for each unit, and the row's."""
        steps, batches, _, units = self.sizes(site)
        input_bias, recurrent_bias, hidden = site.inputs[3:]
        require_constant(site, input_bias, (self.gates, units), "int32")
        require_constant(site, recurrent_bias, (self.gates, units), "int64")
        self.state(site, hidden, batches, units)
        return [(steps, batches, units), (units,)]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        input_bias, recurrent_bias, hidden = site.inputs[3:]
        assert input_bias.data is not None
        values = self.fields(site, cpu) | {
            "hidden": _address(cpu, hidden),
            "scratch": cpu.address(site.outputs[1].name),
            "input_bias": int32_table(cpu, input_bias.data),
            "recurrent_bias": _bias(cpu, recurrent_bias),
            "factors": _pairs(cpu, self.gate_factors(site)),
            "linear_before_reset": int(self.linear_before_reset),
        }
        return [(GRU, values)]
