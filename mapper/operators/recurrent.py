"""SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM: operators that keep state from inference to inference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic import sigmoid_int16
from tilewright.hw.spec.lstm import FUNCTION_SCALE, cell_shift
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import LSTM, SVDF
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.operators.clamp import is_wide
from tilewright.mapper.operators.images import clamp_fields, ends, int32_table
from tilewright.mapper.operators.weighted import require_constant
from tilewright.mapper.works.geometry import Operand
from tilewright.mapper.works.lstm import CellFields, LstmWork
from tilewright.mapper.works.lstm_products import GatesOf, gate_products
from tilewright.mapper.works.svdf import SvdfWork
from tilewright.mapper.works.svdf_windows import plain_products, slot_sums
from tilewright.mapper.works.work import Work

_FILE_GATES = ("input", "forget", "cell", "output")
"""The gates of an LSTM in the order of a file."""
_STEP_GATES = ("forget", "input", "cell", "output")
"""In the order of the step."""
GATES = len(_FILE_GATES)
GATE_SCALE = 2.0**-12
"""What the sums of an LSTM's gates are counted in."""


@dataclass(frozen=True, kw_only=True)
class Recurrent(Operator):
    """An operator that reads states, its last inputs, and gives the next ones behind its result.

    It can write them over the old ones.
    """

    updates_states: ClassVar[bool] = True

    def activations(self, site: Site) -> tuple[Tensor, ...]:
        """Return the input and the states."""
        return tuple(tensor for tensor in site.inputs if tensor.data is None)

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless the input and the result are int8, states int8 or int16."""
        for tensor in (*self.activations(site), *site.outputs):
            ends = tensor in (site.x, site.result)
            if (
                tensor.dtype not in (("int8",) if ends else ("int8", "int16"))
                or not tensor.is_whole
            ):
                site.refuse(f": '{tensor.name}' is not int8 of one scale (a state may be int16)")


@dataclass(frozen=True, kw_only=True)
class Svdf(Recurrent):
    """SVDF of x [B,I], feature weights int8 [F,I], time weights [F,M] and bias int32 [F/rank].

    The last input is the state [B,F*M], which has the type of the time weights, int8 or int16.
    """

    kind: ClassVar[str] = "SVDF"
    inputs: ClassVar[tuple[int, int]] = (5, 5)

    rank: int

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return [B,units], and the state's shape."""
        x, features, times, bias, state = site.inputs
        filters, slots = (*times.shape, 0, 0)[:2]
        if len(x.shape) != 2 or self.rank < 1 or filters % self.rank:
            site.refuse(f" of rank {self.rank} cannot read {x.shape} by {filters} filters")
        require_constant(site, features, (filters, x.shape[1]), "int8")
        kind = times.dtype if times.dtype == "int16" else "int8"
        require_constant(site, times, (filters, slots), kind)
        require_constant(site, bias, (filters // self.rank,), "int32")
        if state.elements != x.shape[0] * filters * slots or state.dtype != kind:
            site.refuse(f": state '{state.name}' is {state.dtype} {state.shape}")
        return [(x.shape[0], filters // self.rank), state.shape]

    def macs(self, site: Site) -> int:
        """Return the products."""
        _, features, times, _, _ = site.inputs
        return site.x.shape[0] * (features.elements + times.elements)

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        state = site.inputs[-1]
        return None if state.dtype == "int8" else f"its state is {state.dtype}"

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one work of the array and the mover."""
        x, features, times, bias, state = site.inputs
        (batches, inputs), (filters, slots), units = x.shape, times.shape, bias.shape[0]
        feature, output = _svdf_factors(site)
        weights = _data(features).reshape(units, self.rank, inputs).transpose(1, 0, 2)
        weights = np.ascontiguousarray(weights.reshape(filters, inputs))
        by_slot = _data(times).reshape(units, self.rank, slots).transpose(0, 2, 1)
        image = (batches * slots, self.rank, units)
        return [
            SvdfWork(
                source=Operand(x.name),
                state=Operand(state.name),
                output=Operand(site.result.name),
                next_state=Operand(site.outputs[1].name),
                products=plain_products(
                    Operand(x.name), (1, batches, inputs), x.zero_point, weights, feature
                ),
                times=slot_sums(
                    Operand(state.name),
                    image,
                    np.ascontiguousarray(by_slot),
                    state.zero_point,
                    (_data(bias), output, site.result.zero_point),
                ),
                # The zero point comes behind the clamp, and int8 takes the low bits of the sum.
                table=bytes((i + state.zero_point) & 255 for i in range(256))
                if state.zero_point
                else None,
            )
        ]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        x, features, times, bias, state = site.inputs
        assert bias.data is not None
        filters, slots = times.shape
        feature, output = _svdf_factors(site)
        values = ends(site, cpu) | _factor("feature", feature)
        values |= _factor("output", output) | clamp_fields(-128, 127)
        values |= {
            "state": cpu.address(state.name),
            "next_state": cpu.address(site.outputs[1].name),
            "feature_weights": cpu.address(features.name),
            "time_weights": cpu.address(times.name),
            "bias": int32_table(cpu, bias.data),
            "batches": x.shape[0],
            "inputs": x.shape[1],
            "units": filters // self.rank,
            "rank": self.rank,
            "memory": slots,
            "input_zero_point": x.zero_point,
            "state_zero_point": state.zero_point,
            "output_zero_point": site.result.zero_point,
            "state_bytes": np.dtype(times.dtype).itemsize,
        }
        return [(SVDF, values)]


def _svdf_factors(site: Site) -> tuple[tuple[int, int], tuple[int, int]]:
    """(multiplier, shift) of what enters the state, and of the result."""
    x, features, times, _, state = site.inputs
    return (
        nm.quantize_multiplier(x.scale * features.scale / state.scale),
        nm.quantize_multiplier(state.scale * times.scale / site.result.scale),
    )


def _factor(name: str, factor: tuple[int, int]) -> dict[str, int]:
    return {f"{name}_multiplier": factor[0], f"{name}_shift": factor[1]}


@dataclass(frozen=True, kw_only=True)
class UnidirectionalSequenceLstm(Recurrent):
    """UNIDIRECTIONAL_SEQUENCE_LSTM of x [B,T,I], or [T,B,I] where ``time_major``.

    Behind x come 4 weights of the input int8 [U,I], 4 of the hidden state int8 [U,U], and 4 biases
    int32 [U], of the gates input, forget, cell and output each; then the hidden state int8 [B,U]
    and the cell's int16 [B,U]. x, the hidden state and the result may be int16, the biases int64
    then. ``cell_clip``: the largest magnitude of the cell, 0 for none.
    """

    kind: ClassVar[str] = "UNIDIRECTIONAL_SEQUENCE_LSTM"
    inputs: ClassVar[tuple[int, int]] = (3 + 3 * GATES, 3 + 3 * GATES)

    time_major: bool
    cell_clip: int

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless x, hidden state and result share int8 or int16."""
        hidden, cell = site.inputs[-2:]
        tensors = (site.x, hidden, *site.outputs[:2])
        types = {tensor.dtype for tensor in tensors}
        whole = all(tensor.is_whole for tensor in (*tensors, cell))
        if types not in ({"int8"}, {"int16"}) or not whole or cell.dtype != "int16":
            site.refuse(
                f" has {' and '.join(sorted(types))} around a cell of {cell.dtype}; input, hidden "
                "state and result of int8 or of int16, of one scale each, and a cell of int16 are "
                "needed"
            )

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape with a channel for each unit."""
        shape, units = site.x.shape, site.inputs[1].shape[0]
        if len(shape) != 3:
            site.refuse(f" needs an input of batches, time steps and channels, not {shape}")
        for weights in site.inputs[1 : 1 + GATES]:
            require_constant(site, weights, (units, shape[2]), "int8")
        for weights in site.inputs[1 + GATES : 1 + 2 * GATES]:
            require_constant(site, weights, (units, units), "int8")
        for bias in site.inputs[1 + 2 * GATES : -2]:
            require_constant(site, bias, (units,), "int64" if is_wide(site) else "int32")
        batches = shape[1 if self.time_major else 0]
        for state in site.inputs[-2:]:
            if state.elements != batches * units:
                site.refuse(f": state '{state.name}' is {state.dtype} {state.shape}")
        return [(*shape[:2], units), site.inputs[-2].shape, site.inputs[-1].shape]

    def macs(self, site: Site) -> int:
        """Return the products."""
        steps = site.x.shape[0] * site.x.shape[1]
        return steps * sum(t.elements for t in site.inputs[1 : 1 + 2 * GATES])

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        if is_wide(site):
            return "its activations are int16"
        scale = site.inputs[-1].scale
        if cell_shift(scale) is None:
            return f"its cell's scale {scale:g} is no power of two from 2**-15 to 2**-8"
        return None

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one work of the LSTM unit and the array."""
        x, (hidden, cell), states = site.x, site.inputs[-2:], site.outputs[1:]
        steps, batches = x.shape[:2] if self.time_major else x.shape[1::-1]
        weights, recurrent, bias = (
            {gate: _data(tensor) for gate, tensor in by_gate.items()} for by_gate in _gates(site)
        )
        factors = dict(zip(_FACTORS, _factors(site).tolist(), strict=True))
        units = site.result.shape[2]
        source, output = (
            Operand(t.name, image=_shape(t), turned=not self.time_major) for t in (x, site.result)
        )
        products = GatesOf(weights, bias, {g: factors[f"x {g}"] for g in _STEP_GATES})
        nothing = {gate: np.zeros(units, np.int32) for gate in _STEP_GATES}
        of_state = GatesOf(recurrent, nothing, {g: factors[f"hidden {g}"] for g in _STEP_GATES})
        shift, clip = cell_shift(cell.scale), self.cell_clip or 32768
        assert shift is not None
        work = LstmWork(
            source=source,
            hidden=Operand(hidden.name),
            cell=Operand(cell.name),
            output=output,
            next_hidden=Operand(states[0].name),
            next_cell=Operand(states[1].name),
            products=gate_products(source, (steps, batches, x.shape[2]), x.zero_point, products),
            recurrent=gate_products(
                Operand(hidden.name), (1, batches, units), hidden.zero_point, of_state
            ),
            fields=CellFields(
                cell_shift=shift,
                cell_low=-clip,
                cell_high=min(clip, 32767),
                output_multiplier=factors["result"][0],
                output_shift=factors["result"][1],
                output_zero_point=hidden.zero_point,
            ),
        )
        return [work]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        x, units, (hidden, cell) = site.x, site.inputs[1].shape[0], site.inputs[-2:]
        wide = is_wide(site)
        steps, batches = x.shape[:2] if self.time_major else x.shape[1::-1]
        weights, recurrent, bias = (
            [by_gate[gate] for gate in _STEP_GATES] for by_gate in _gates(site)
        )
        # The cell's function takes its operand in thirds of 2**-12.
        left = 12 + round(float(np.log2(cell.scale)))
        values = ends(site, cpu) | {
            "hidden": cpu.address(hidden.name),
            "next_hidden": cpu.address(site.outputs[1].name),
            "cell": cpu.address(cell.name),
            "next_cell": cpu.address(site.outputs[2].name),
            "input_weights": cpu.constant(_joined(weights).tobytes()),
            "recurrent_weights": cpu.constant(_joined(recurrent).tobytes()),
            "bias": cpu.constant(_joined(bias).astype("<i8" if wide else "<i4").tobytes()),
            "factors": int32_table(cpu, _factors(site)),
            "table": cpu.constant(sigmoid_int16.table().astype("<u2").tobytes()),
            "batches": batches,
            "time_steps": steps,
            "batch_rows": 1 if self.time_major else steps,
            "step_rows": batches if self.time_major else 1,
            "inputs": x.shape[2],
            "units": units,
            "input_zero_point": x.zero_point,
            "hidden_zero_point": hidden.zero_point,
            "cell_clip": self.cell_clip,
            "tanh_multiplier": 3 << max(left, 0),
            "tanh_shift": max(-left, 0),
            "element_bytes": np.dtype(x.dtype).itemsize,
        }
        ends_of = np.iinfo(x.dtype)
        return [(LSTM, values | clamp_fields(int(ends_of.min), int(ends_of.max)))]


_FACTORS = (
    *(f"x {gate}" for gate in _STEP_GATES),
    *(f"hidden {gate}" for gate in _STEP_GATES),
    *("kept", "entering", "result"),
)
"""The factors of the step, in order."""


def _factors(site: Site) -> nm.Int32Array:
    """The table of (multiplier, shift) of the step."""
    x, (hidden, cell), (weights, recurrent, _) = site.x, site.inputs[-2:], _gates(site)
    reals = [
        *(x.scale * weights[gate].scale / GATE_SCALE for gate in _STEP_GATES),
        *(hidden.scale * recurrent[gate].scale / GATE_SCALE for gate in _STEP_GATES),
        FUNCTION_SCALE,
        FUNCTION_SCALE * FUNCTION_SCALE / cell.scale,
        FUNCTION_SCALE * FUNCTION_SCALE / hidden.scale,
    ]
    return np.array([nm.quantize_multiplier(real) for real in reals], dtype=np.int32)


def _gates(site: Site) -> list[dict[str, Tensor]]:
    """Weights of the input, weights of the hidden state and biases, each by gate."""
    starts = range(1, 1 + 3 * GATES, GATES)
    return [dict(zip(_FILE_GATES, site.inputs[i : i + GATES], strict=True)) for i in starts]


def _data(tensor: Tensor) -> NDArray[Any]:
    assert tensor.data is not None
    return tensor.data


def _shape(tensor: Tensor) -> tuple[int, int, int]:
    rows, cols, channels = tensor.shape
    return rows, cols, channels


def _joined(tensors: Sequence[Tensor]) -> NDArray[Any]:
    return np.stack([_data(tensor) for tensor in tensors])
