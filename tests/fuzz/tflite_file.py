"""A .tflite file as plain values that may be changed at will: read, change, write.

Nothing is checked: whatever the schema can hold can be written, sound or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
import tflite

from tilewright.mapper.importers.tflite.options import read_options


@dataclass
class Tensor:
    name: bytes
    shape: list[int]
    type: int
    buffer: int
    scale: list[float]
    zero_point: list[int]
    axis: int
    signature: list[int]
    variable: bool


@dataclass
class Operator:
    """``table`` is the class of the options, None where there are none."""

    code: int
    inputs: list[int]
    outputs: list[int]
    table: str | None
    options: dict[str, Any]


@dataclass
class Code:
    builtin: int
    narrow: int
    custom: bytes | None = None


@dataclass
class Subgraph:
    tensors: list[Tensor]
    operators: list[Operator]
    inputs: list[int]
    outputs: list[int]


@dataclass
class File:
    """``buffers`` are the constants' bytes, None where a tensor is computed."""

    codes: list[Code]
    subgraphs: list[Subgraph]
    buffers: list[bytes | None]

    def name_of(self, operator: Operator) -> str:
        """The builtin name of a sound operator."""
        return _CODES.get(self.codes[operator.code].builtin, "?")


_CODES = {n: name for name, n in vars(tflite.BuiltinOperator).items() if isinstance(n, int)}
TABLES = {
    number: name
    for name, number in vars(tflite.BuiltinOptions).items()
    if isinstance(number, int) and number and hasattr(tflite, name)
}
"""Options tables by their number in the union."""
_NUMBERS = {name: number for number, name in TABLES.items()}


def code_of(name: str) -> Code:
    """The operator code of a builtin operator."""
    number = getattr(tflite.BuiltinOperator, name)
    return Code(number, min(number, 127))


def read_file(content: bytes) -> File:
    """A sound file."""
    model = tflite.Model.GetRootAs(content, 0)
    codes = [model.OperatorCodes(index) for index in range(model.OperatorCodesLength())]
    buffers = [model.Buffers(index) for index in range(model.BuffersLength())]
    return File(
        [Code(c.BuiltinCode(), c.DeprecatedBuiltinCode(), c.CustomCode()) for c in codes],
        [_subgraph(model.Subgraphs(index)) for index in range(model.SubgraphsLength())],
        [b.DataAsNumpy().tobytes() if b.DataLength() else None for b in buffers],
    )


def _subgraph(graph: Any) -> Subgraph:
    return Subgraph(
        [_tensor(graph.Tensors(index)) for index in range(graph.TensorsLength())],
        [_operator(graph.Operators(index)) for index in range(graph.OperatorsLength())],
        _list(graph.InputsAsNumpy()),
        _list(graph.OutputsAsNumpy()),
    )


def _tensor(source: Any) -> Tensor:
    quant = source.Quantization()
    return Tensor(
        name=source.Name() or b"",
        shape=_list(source.ShapeAsNumpy()),
        type=source.Type(),
        buffer=source.Buffer(),
        scale=[] if quant is None else _list(quant.ScaleAsNumpy()),
        zero_point=[] if quant is None else _list(quant.ZeroPointAsNumpy()),
        axis=0 if quant is None else quant.QuantizedDimension(),
        signature=_list(source.ShapeSignatureAsNumpy()),
        variable=bool(source.IsVariable()),
    )


def _operator(source: Any) -> Operator:
    table, options = source.BuiltinOptions(), dict[str, Any]()
    name = None if table is None else TABLES.get(source.BuiltinOptionsType())
    if name is not None:
        options = read_options(name, table)
    lists = _list(source.InputsAsNumpy()), _list(source.OutputsAsNumpy())
    return Operator(source.OpcodeIndex(), *lists, name, options)


def _list(values: Any) -> list[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else []


def write_file(file: File) -> bytes:
    """The file's bytes. Raises where a value does not fit its field in the schema."""
    b = flatbuffers.Builder(4096)
    buffers = _offsets(b, [_write_buffer(b, data) for data in file.buffers])
    graphs = _offsets(b, [_write_subgraph(b, graph) for graph in file.subgraphs])
    codes = _offsets(b, [_write_code(b, code) for code in file.codes])
    parts = {"Version": 3, "OperatorCodes": codes, "Subgraphs": graphs, "Buffers": buffers}
    b.Finish(_table(b, "Model", parts), file_identifier=b"TFL3")
    return bytes(b.Output())


def _write_subgraph(b: flatbuffers.Builder, graph: Subgraph) -> int:
    parts = {
        "Tensors": _offsets(b, [_write_tensor(b, tensor) for tensor in graph.tensors]),
        "Operators": _offsets(b, [_write_operator(b, o) for o in graph.operators]),
        "Inputs": _vector(b, graph.inputs, np.int32),
        "Outputs": _vector(b, graph.outputs, np.int32),
    }
    return _table(b, "SubGraph", parts)


def _write_tensor(b: flatbuffers.Builder, tensor: Tensor) -> int:
    quantisation = {
        "Scale": _vector(b, tensor.scale, np.float32),
        "ZeroPoint": _vector(b, tensor.zero_point, np.int64),
        "QuantizedDimension": tensor.axis,
    }
    parts = {
        "Shape": _vector(b, tensor.shape, np.int32),
        "Type": tensor.type,
        "Buffer": tensor.buffer,
        "Name": b.CreateString(tensor.name),
        "IsVariable": tensor.variable,
    }
    if tensor.scale or tensor.zero_point:
        parts["Quantization"] = _table(b, "QuantizationParameters", quantisation)
    if tensor.signature:
        parts["ShapeSignature"] = _vector(b, tensor.signature, np.int32)
    return _table(b, "Tensor", parts)


def _write_operator(b: flatbuffers.Builder, operator: Operator) -> int:
    parts = {
        "OpcodeIndex": operator.code,
        "Inputs": _vector(b, operator.inputs, np.int32),
        "Outputs": _vector(b, operator.outputs, np.int32),
    }
    if operator.table is not None:
        fields: dict[str, Any] = {}
        for name, value in operator.options.items():
            if isinstance(value, bytes):
                fields[name] = b.CreateString(value)
            elif isinstance(value, tuple | list):
                fields[name] = _vector(b, value, np.int32)
            elif value is not None:
                fields[name] = value
        parts["BuiltinOptions"] = _table(b, operator.table, fields)
        parts["BuiltinOptionsType"] = _NUMBERS[operator.table]
    return _table(b, "Operator", parts)


def _write_code(b: flatbuffers.Builder, code: Code) -> int:
    parts: dict[str, Any] = {"DeprecatedBuiltinCode": code.narrow, "BuiltinCode": code.builtin}
    if code.custom is not None:
        parts["CustomCode"] = b.CreateString(code.custom)
    return _table(b, "OperatorCode", parts)


def _write_buffer(b: flatbuffers.Builder, data: bytes | None) -> int:
    return _table(b, "Buffer", {} if data is None else {"Data": b.CreateByteVector(data)})


def _table(b: flatbuffers.Builder, name: str, fields: dict[str, Any]) -> int:
    """A table with some of its fields; vectors, strings and tables are written before."""
    getattr(tflite, f"{name}Start")(b)
    for field, value in fields.items():
        getattr(tflite, f"{name}Add{field}")(b, value)
    return getattr(tflite, f"{name}End")(b)


def _vector(b: flatbuffers.Builder, values: Sequence[Any], dtype: Any) -> int:
    return b.CreateNumpyVector(np.array(values, dtype=dtype))


def _offsets(b: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return b.EndVector()
