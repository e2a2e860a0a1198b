"""Operands of TensorFlow Lite operators as tensors of a graph, each checked for its role."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from tflite import TensorType

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op, State
from tilewright.mapper.graph.operator import Operator
from tilewright.mapper.graph.tensor import DType, Quant, Tensor
from tilewright.mapper.importers.tflite.flatbuffer import (
    TYPE_NAMES,
    FileNetwork,
    FileOperator,
    FileTensor,
)
from tilewright.mapper.limits import Place, require
from tilewright.mapper.operators.moves import MOVABLE, Reinterpret

INT8 = ("int8",)
INT8_OR_INT16 = ("int8", "int16")
INT32 = ("int32",)
INT64 = ("int64",)
INT32_OR_INT64 = ("int32", "int64")
_DTYPES: Mapping[int, DType] = {
    TensorType.INT8: "int8",
    TensorType.UINT8: "int8",
    TensorType.INT16: "int16",
    TensorType.INT32: "int32",
    TensorType.INT64: "int64",
    TensorType.BOOL: "bool",
}
"""Types of computed tensors in the graph; uint8 becomes int8 by subtracting 128."""

_RANGES = {"int8": (-128, 127), "int16": (-(1 << 15), (1 << 15) - 1)}


class Operands:
    """The tensors of one network: what operators ask for is checked and entered into `tensors`.

    Every method raises RequestError where the operand is not what the operator needs. ``states``
    collects what lasts from inference to inference, ``views`` operators that the file does not name
    but its tensors imply, ``remarks`` what a user should know.
    """

    def __init__(self, file: str, network: FileNetwork) -> None:
        self._file = file
        self._network = network
        self._names = _unique_names(network.names)
        self.tensors: dict[str, Tensor] = {}
        self.states: list[State] = []
        self.views: list[Op] = []
        self.remarks: list[str] = []

    def name(self, index: int) -> str:
        """The name in the graph of the file's tensor `index`."""
        return self._names[index]

    def place(self, operator: FileOperator) -> Place:
        """Where the operator is, for messages: files name tensors only, so by its output."""
        output = self._network.names[operator.outputs[0]]
        return Place(self._file, f"{operator.index}: {output}", operator.name)

    def is_uint8(self, index: int) -> bool:
        """Whether the file's tensor `index` is uint8, which the graph has as int8."""
        return self._network.tensors[index].type == TensorType.UINT8

    def has(self, operator: FileOperator, position: int) -> bool:
        """Whether the operator has an input at a position: optional ones may be left out."""
        return position < len(operator.inputs) and operator.inputs[position] >= 0

    def source(self, operator: FileOperator, position: int) -> FileTensor:
        """The input at a position, which must be there."""
        if not self.has(operator, position):
            raise RequestError(
                f"{self.place(operator)} lacks input {position}: export the network again"
            )
        return self._network.tensors[operator.inputs[position]]

    def activation(
        self, operator: FileOperator, position: int, types: Sequence[str] = INT8
    ) -> Tensor:
        """The input at a position as a computed tensor of one of some types."""
        index = self.source(operator, position).index
        return self.activation_at(index, f"{self.place(operator)}: input {position}", types)

    def operand(self, operator: FileOperator, position: int, types: Sequence[str] = INT8) -> Tensor:
        """The input at a position, computed or constant, as a tensor of one of some types."""
        source = self.source(operator, position)
        if source.data is None:
            return self.activation(operator, position, types)
        what = f"{self.place(operator)}: input {position}"
        tensor = self._typed(source, what, types)
        data = source.data
        if source.type == TensorType.UINT8:
            data = (data.astype(np.int16) - 128).astype(np.int8)
        return self.enter(dataclasses.replace(tensor, data=data))

    def result(self, operator: FileOperator, types: Sequence[str] = INT8) -> Tensor:
        """The one output, a computed tensor of one of some types."""
        if len(operator.outputs) != 1:
            raise RequestError(f"{self.place(operator)} has {len(operator.outputs)} outputs, not 1")
        return self.results(operator, types)[0]

    def results(self, operator: FileOperator, types: Sequence[str] = INT8) -> tuple[Tensor, ...]:
        """All outputs, computed tensors of one of some types."""
        what = f"{self.place(operator)}: output"
        return tuple(self.activation_at(index, what, types) for index in operator.outputs)

    def activation_at(self, index: int, what: str, types: Sequence[str] = INT8) -> Tensor:
        """Tensor `index` as a computed tensor of one of some types; `what` begins the message."""
        source = self._network.tensors[index]
        if source.data is not None:
            raise RequestError(
                f"{what} '{source.name}' is a constant where a computed tensor is needed: fold it "
                "into the weights or bias of a neighbouring layer"
            )
        return self.enter(self._typed(source, what, types))

    def _typed(self, source: FileTensor, what: str, types: Sequence[str]) -> Tensor:
        """A file's tensor as one of the graph, without data."""
        if source.type in (TensorType.FLOAT32, TensorType.FLOAT16):
            limits.float_network(what, f"'{source.name}' is computed in floating point")
        dtype, quant = _DTYPES.get(source.type), source.quant
        whole = quant is None or quant.axis is None
        unscaled = quant is None and dtype in ("int8", "int16")
        if dtype is None or dtype not in types or not whole or unscaled:
            raise RequestError(
                f"{what} '{source.name}' is {_type(source)} {_scales(source)}; "
                f"{' or '.join(types)} with one scale and zero point is needed: quantise the "
                "network fully to int8"
            )
        if quant is not None and source.type == TensorType.UINT8:
            quant = Quant(quant.scale, (quant.zero_point[0] - 128,))
        low, high = _RANGES.get(dtype, (-(1 << 31), (1 << 31) - 1))
        if quant is not None and not low <= quant.zero_point[0] <= high:
            raise RequestError(
                f"{what} '{source.name}' has a zero point outside {low}..{high}: quantise again"
            )
        return Tensor(self._names[source.index], source.shape, dtype, quant, index=source.index)

    def moved(self, operator: FileOperator, position: int = 0) -> tuple[Tensor, Tensor]:
        """The input at a position and the result of an operator that moves elements of any type."""
        result = self.result(operator, MOVABLE)
        x = self.activation(operator, position, (result.dtype,))
        return self.as_result(operator, x, result), result

    def as_result(self, operator: FileOperator, x: Tensor, result: Tensor) -> Tensor:
        """Input ``x`` of an operator that copies integers, with the scale and zero point of its
        result, whatever its own are: so do TFLM's kernels.
        """
        if x.quant == result.quant:
            return x
        name = f"{x.name}/as {result.name}"
        if name not in self.tensors:
            copied = self.enter(dataclasses.replace(x, name=name, quant=result.quant, index=None))
            if x.data is None:
                self._view(operator, x, copied)
        return self.tensors[name]

    def given(self, operator: FileOperator, result: Tensor, quant: Quant) -> Tensor:
        """What an operator gives with a scale and zero point of its own, whatever those of its
        result are: TFLM's kernels leave the integers so.
        """
        if result.quant == quant:
            return result
        name = f"{result.name}/own"
        own = self.enter(dataclasses.replace(result, name=name, quant=quant, index=None))
        self._view(operator, own, result)
        return own

    def _view(self, operator: FileOperator, source: Tensor, target: Tensor) -> None:
        """Take the integers of a tensor for those of another one, and say so."""
        name = f"{op_name(operator)}_as{len(self.views)}"
        self.views.append(Op(name, Reinterpret(), (source.name,), (target.name,)))
        self.remarks.append(
            f"{self.place(operator)} leaves integers as they are between tensors of different "
            "scales or zero points, as TensorFlow Lite Micro does: '"
            f"{source.name}' {_point(source)}, '{target.name}' {_point(target)}."
        )

    def state(
        self, operator: FileOperator, position: int, types: Sequence[str]
    ) -> tuple[Tensor, Tensor]:
        """The variable tensor at a position: (as it is read, as it is left for the next inference).

        It begins with the zero point in every element.
        """
        require(
            self.place(operator), limits.state_is_variable, self.source(operator, position).variable
        )
        reads = self.activation(operator, position, types)
        writes = dataclasses.replace(reads, name=f"{reads.name}/next", index=None)
        zero = reads.zero_point if reads.quant is not None else 0
        initial = np.full(reads.shape, zero, dtype=reads.dtype)
        self.states.append(State(reads.name, writes.name, initial))
        return reads, self.enter(writes)

    def op(
        self,
        operator: FileOperator,
        computed: Operator,
        inputs: tuple[Tensor, ...],
        *results: Tensor,
        suffix: str = "",
    ) -> Op:
        """An operator of the graph in place of one of the file, or with a suffix a part of it."""
        names = tuple(tensor.name for tensor in inputs)
        outputs = tuple(tensor.name for tensor in results)
        return Op(f"{op_name(operator)}{suffix}", computed, names, outputs)

    def enter(self, tensor: Tensor) -> Tensor:
        """Add a tensor to the graph, once."""
        return self.tensors.setdefault(tensor.name, tensor)

    def constant(self, operator: FileOperator, position: int) -> NDArray[Any]:
        """The data of an input that must be stored in the file."""
        source = self.source(operator, position)
        computed = source.name if source.data is None else None
        require(self.place(operator), limits.weights_are_constant, computed)
        assert source.data is not None
        return source.data

    def integers(self, operator: FileOperator, position: int) -> list[int]:
        """A constant vector of axes or paddings, flattened."""
        values = self.constant(operator, position)
        if values.dtype.kind != "i" or values.size > 16:
            raise RequestError(f"{self.place(operator)}: input {position} must be a few integers")
        return [int(value) for value in values.reshape(-1)]

    def weights(
        self,
        operator: FileOperator,
        rank: int,
        axis: int,
        position: int = 1,
        *,
        wide: bool = False,
        symmetric: bool = True,
    ) -> Tensor:
        """The int8 weights as the file has them: `rank` axes, per channel only along `axis`.

        Those of int4 are int8 in the graph.

        With `wide` they may be int16. Without `symmetric` they may have a zero point, if one scale.
        """
        place, source = self.place(operator), self.source(operator, position)
        data, quant = self.constant(operator, position), source.quant
        types = {TensorType.INT8, TensorType.UINT8, TensorType.INT4}
        types |= {TensorType.INT16} if wide else set()
        if source.type not in types or quant is None or data.ndim != rank:
            raise RequestError(
                f"{place}: weights '{source.name}' are {_type(source)} {list(source.shape)} "
                f"{_scales(source)}; int8 with scales and {rank} axes are needed: quantise the "
                "weights to int8"
            )
        old = source.type == TensorType.UINT8
        if old:
            data, quant = _from_uint8(data, quant)
        # TFLM leaves out the zero point of int8 weights, but for those of FULLY_CONNECTED.
        if (symmetric and not old) or quant.axis is not None:
            require(place, limits.weights_are_symmetric, quant.zero_point)
        require(place, limits.zero_points_are_int8, quant.zero_point)
        if quant.axis is not None:
            require(place, limits.axis_is_output_channel, (quant.axis, axis))
        kind = "int16" if source.type == TensorType.INT16 else "int8"
        return Tensor(self._names[source.index], source.shape, kind, quant, data, source.index)

    def bias(
        self, operator: FileOperator, channels: int, position: int = 2, types: Sequence[str] = INT32
    ) -> Tensor:
        """The bias, of one of some types; zeros of the last one where the file has none."""
        if not self.has(operator, position):
            name, zeros = f"{op_name(operator)}/bias", np.zeros(channels, types[-1])
            return self.enter(Tensor(name, (channels,), cast("DType", types[-1]), data=zeros))
        source, data = self.source(operator, position), self.constant(operator, position)
        dtype = _DTYPES.get(source.type)
        if dtype is None or dtype not in types or data.size != channels:
            raise RequestError(
                f"{self.place(operator)}: bias '{source.name}' is {_type(source)} "
                f"{list(source.shape)}; {' or '.join(types)} [{channels}] is needed"
            )
        name, data = self._names[source.index], data.reshape(channels)
        return self.enter(Tensor(name, (channels,), dtype, data=data, index=source.index))


Rule = Callable[[Operands, FileOperator], Op | Sequence[Op]]
"""Checks an operator of the file and makes one or several of the graph; raises RequestError."""


def op_name(operator: FileOperator) -> str:
    """The name of an operator in the graph: the file gives it none."""
    return f"{operator.name.lower()}_{operator.index}"


def without_first_axis(weights: Tensor) -> Tensor:
    """Depthwise weights [1,Kh,Kw,C] as [Kh,Kw,C]."""
    assert weights.data is not None
    assert weights.quant is not None
    quant = weights.quant
    axis = None if quant.axis is None else quant.axis - 1
    return Tensor(
        weights.name,
        weights.shape[1:],
        "int8",
        Quant(quant.scale, quant.zero_point, axis),
        weights.data[0],
        weights.index,
    )


def _from_uint8(data: NDArray[Any], quant: Quant) -> tuple[NDArray[np.int8], Quant]:
    """Weights of uint8 as int8; with zero point 0 where that changes none of them."""
    centred = data.astype(np.int16) - quant.zero_point[0]
    if quant.axis is None and centred.min() >= -128 and centred.max() <= 127:
        return centred.astype(np.int8), Quant(quant.scale, (0,))
    points = tuple(point - 128 for point in quant.zero_point)
    return (data.astype(np.int16) - 128).astype(np.int8), Quant(quant.scale, points, quant.axis)


def _point(tensor: Tensor) -> str:
    return "without" if tensor.quant is None else f"of {tensor.scale:g} and {tensor.zero_point}"


def _type(source: FileTensor) -> str:
    return TYPE_NAMES.get(source.type, f"of type {source.type}")


def _scales(source: FileTensor) -> str:
    return "without a scale" if source.quant is None else f"with {len(source.quant.scale)} scale(s)"


def _unique_names(names: Sequence[str]) -> list[str]:
    """The file's names, with the index added where one is not unique."""
    count = Counter(names)
    return [f"{name}#{i}" if count[name] > 1 else name for i, name in enumerate(names)]
