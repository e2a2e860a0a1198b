"""Operands of TensorFlow Lite operators as tensors of a graph, each checked for its role."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflite import TensorType

from hw.spec.errors import RequestError
from mapper import limits
from mapper.graph.op import Op
from mapper.graph.operator import Operator
from mapper.graph.tensor import Quant, Tensor
from mapper.importers.tflite.flatbuffer import TYPE_NAMES, FileNetwork, FileOperator, FileTensor
from mapper.limits import Place, require


class Operands:
    """The tensors of one network: what operators ask for is checked and entered into `tensors`.

    Every method raises RequestError where the operand is not what the operator needs.
    """

    def __init__(self, file: str, network: FileNetwork) -> None:
        self._file = file
        self._network = network
        self._names = _unique_names(network.tensors)
        self.tensors: dict[str, Tensor] = {}

    def name(self, index: int) -> str:
        """The name in the graph of the file's tensor `index`."""
        return self._names[index]

    def place(self, operator: FileOperator) -> Place:
        """Where the operator is, for messages: files name tensors only, so by its output."""
        output = self._network.tensors[operator.outputs[0]].name
        return Place(self._file, f"{operator.index}: {output}", operator.name)

    def source(self, operator: FileOperator, position: int) -> FileTensor:
        """The input at a position, which must be there."""
        if position >= len(operator.inputs) or operator.inputs[position] < 0:
            raise RequestError(
                f"{self.place(operator)} lacks input {position}: export the network again"
            )
        return self._network.tensors[operator.inputs[position]]

    def activation(self, operator: FileOperator, position: int) -> Tensor:
        """The input at a position as a computed int8 tensor."""
        index = self.source(operator, position).index
        return self.activation_at(index, f"{self.place(operator)}: input {position}")

    def operand(self, operator: FileOperator, position: int) -> Tensor:
        """The input at a position as an int8 tensor with one scale, computed or constant."""
        source = self.source(operator, position)
        if source.data is None:
            return self.activation(operator, position)
        quant, what = source.quant, f"{self.place(operator)}: input {position} '{source.name}'"
        if source.type != TensorType.INT8 or quant is None or quant.axis is not None:
            raise RequestError(
                f"{what} is a constant {_type(source)} {_scales(source)}; constants must be int8 "
                "with one scale and zero point: quantise the network fully to int8"
            )
        if not -128 <= quant.zero_point[0] <= 127:
            raise RequestError(f"{what} has a zero point outside -128..127")
        name = self._names[source.index]
        return self.enter(Tensor(name, source.shape, "int8", quant, source.data, source.index))

    def result(self, operator: FileOperator) -> Tensor:
        """The one output, a computed int8 tensor."""
        if len(operator.outputs) != 1:
            raise RequestError(f"{self.place(operator)} has {len(operator.outputs)} outputs, not 1")
        return self.activation_at(operator.outputs[0], f"{self.place(operator)}: output")

    def activation_at(self, index: int, what: str) -> Tensor:
        """Tensor `index` as an int8 tensor with one scale; `what` begins the message."""
        source, quant = self._network.tensors[index], self._network.tensors[index].quant
        if source.type in (TensorType.FLOAT32, TensorType.FLOAT16):
            limits.float_network(what, f"'{source.name}' is computed in floating point")
        if source.data is not None:
            raise RequestError(
                f"{what} '{source.name}' is a constant where a computed tensor is needed: fold it "
                "into the weights or bias of a neighbouring layer"
            )
        if source.type != TensorType.INT8 or quant is None or quant.axis is not None:
            raise RequestError(
                f"{what} '{source.name}' is {_type(source)} {_scales(source)}; activations must be "
                "int8 with one scale and zero point: quantise the network fully to int8"
            )
        if not -128 <= quant.zero_point[0] <= 127:
            raise RequestError(f"{what} '{source.name}' has a zero point outside -128..127")
        if not limits.batch_is_one(source.shape):
            raise RequestError(
                f"{what} '{source.name}' has shape {list(source.shape)}: "
                f"{limits.batch_is_one.__doc__}"
            )
        return self.enter(Tensor(self._names[index], source.shape, "int8", quant, index=index))

    def op(
        self,
        operator: FileOperator,
        computed: Operator,
        inputs: tuple[Tensor, ...],
        result: Tensor,
    ) -> Op:
        """An operator of the graph in place of one of the file."""
        names = tuple(tensor.name for tensor in inputs)
        return Op(op_name(operator), computed, names, (result.name,))

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

    def weights(self, operator: FileOperator, rank: int, axis: int) -> Tensor:
        """The int8 weights as the file has them: `rank` axes, per channel only along `axis`."""
        place, source = self.place(operator), self.source(operator, 1)
        data = self.constant(operator, 1)
        if source.type != TensorType.INT8 or source.quant is None or data.ndim != rank:
            raise RequestError(
                f"{place}: weights '{source.name}' are {_type(source)} {list(source.shape)} "
                f"{_scales(source)}; int8 with scales and {rank} axes are needed: quantise the "
                "weights to int8"
            )
        require(place, limits.weights_are_symmetric, source.quant.zero_point)
        if source.quant.axis is not None:
            require(place, limits.axis_is_output_channel, (source.quant.axis, axis))
        name = self._names[source.index]
        return Tensor(name, source.shape, "int8", source.quant, data, source.index)

    def bias(self, operator: FileOperator, channels: int) -> Tensor:
        """The int32 bias; zeros where the file has none."""
        if len(operator.inputs) < 3 or operator.inputs[2] < 0:
            name = f"{op_name(operator)}/bias"
            return self.enter(Tensor(name, (channels,), "int32", data=np.zeros(channels, np.int32)))
        source, data = self.source(operator, 2), self.constant(operator, 2)
        if source.type != TensorType.INT32 or data.size != channels:
            raise RequestError(
                f"{self.place(operator)}: bias '{source.name}' is {_type(source)} "
                f"{list(source.shape)}; int32 [{channels}] is needed"
            )
        name, data = self._names[source.index], data.reshape(channels)
        return self.enter(Tensor(name, (channels,), "int32", data=data, index=source.index))


Rule = Callable[[Operands, FileOperator], Op]
"""Checks an operator of the file and makes one of the graph; raises RequestError."""


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


def _type(source: FileTensor) -> str:
    return TYPE_NAMES.get(source.type, f"of type {source.type}")


def _scales(source: FileTensor) -> str:
    return "without a scale" if source.quant is None else f"with {len(source.quant.scale)} scale(s)"


def _unique_names(tensors: tuple[FileTensor, ...]) -> list[str]:
    """The file's names, with the index added where one is not unique."""
    names = [tensor.name for tensor in tensors]
    repeated = (
        {name for name in names if names.count(name) > 1}
        if len(set(names)) < len(names)
        else set[str]()
    )
    return [f"{name}#{i}" if name in repeated else name for i, name in enumerate(names)]
