"""Floating point between a DEQUANTIZE and a QUANTIZE that is a function of one int8: a table.

Converters leave what they cannot quantise in floating point. Where it is a chain of functions of
one element, with nobody else reading in between, its 256 results are known when the file is read.
They are computed in single precision, as TensorFlow Lite Micro does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflite import ActivationFunctionType, TensorType

from tilewright.hw.spec.numerics import Int8Array
from tilewright.mapper.importers.tflite.flatbuffer import FileNetwork, FileOperator, FileTensor

Reals = NDArray[np.float32]
Options = Mapping[str, Any]
_BYTES = (TensorType.INT8, TensorType.UINT8)
_UPPER, _LOWER = np.float32(16.619047164916992), np.float32(-9)
"""Beyond these the reference's LOGISTIC is 1, and the exponential."""


def replace_islands(network: FileNetwork) -> tuple[FileNetwork, Mapping[int, Int8Array]]:
    """Return the network with one operator for each island, and the tables by their numbers."""
    gone: set[int] = set()
    made: dict[int, FileOperator] = {}
    tables: dict[int, Int8Array] = {}
    readers: dict[int, list[FileOperator]] = {}
    for operator in network.operators:
        for index in operator.inputs:
            readers.setdefault(index, []).append(operator)
    for operator in network.operators:
        if operator.name == "DEQUANTIZE" and (found := _island(network, operator, readers)):
            chain, table = found
            gone |= {member.index for member in chain}
            last = chain[-1]
            made[last.index] = replace(last, inputs=operator.inputs)
            tables[last.index] = table
    if not tables:
        return network, tables
    kept = (
        made.get(o.index, o) for o in network.operators if o.index in made or o.index not in gone
    )
    return replace(network, operators=tuple(kept)), tables


def _island(
    network: FileNetwork, first: FileOperator, readers: Mapping[int, list[FileOperator]]
) -> tuple[list[FileOperator], Int8Array] | None:
    """The operators from a DEQUANTIZE to a QUANTIZE, and their results; None for anything else."""
    source = network.tensors[first.inputs[0]] if first.inputs[0] >= 0 else None
    if source is None or source.data is not None or not _is_whole_byte(source):
        return None
    values, chain = _dequantised(source), [first]
    while True:
        (output,) = chain[-1].outputs[:1]
        following = readers.get(output, [])
        if len(following) != 1 or output in network.outputs or len(chain[-1].outputs) != 1:
            return None
        operator = following[0]
        chain.append(operator)
        if operator.name == "QUANTIZE":
            target = network.tensors[operator.outputs[0]]
            return (chain, _quantised(target, values)) if _is_whole_byte(target) else None
        with np.errstate(all="ignore"):
            found = _applied(network, operator, output, values)
        if found is None:
            return None
        values = found


def _is_whole_byte(tensor: FileTensor) -> bool:
    return tensor.type in _BYTES and tensor.quant is not None and tensor.quant.axis is None


def _dequantised(tensor: FileTensor) -> Reals:
    """The number that each byte of the graph's tensor stands for, in the order of the byte."""
    assert tensor.quant is not None
    (scale,), (zero_point,) = tensor.quant.scale, tensor.quant.zero_point
    stored = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int32)
    if tensor.type == TensorType.UINT8:
        stored += 128
    return (scale * (stored - zero_point)).astype(np.float32)


def _quantised(tensor: FileTensor, values: Reals) -> Int8Array:
    """The bytes of the graph's tensor that stand for numbers.

    What is beyond int32 saturates; what the reference makes of it depends on the processor.
    """
    assert tensor.quant is not None
    (scale,), (zero_point,) = tensor.quant.scale, tensor.quant.zero_point
    shift = 128 if tensor.type == TensorType.UINT8 else 0
    scaled = np.nan_to_num(values / np.float32(scale), nan=0.0, posinf=1e9, neginf=-1e9)
    rounded = np.trunc(scaled.astype(np.float64) + np.copysign(0.5, scaled))
    return np.clip(rounded + zero_point - shift, -128, 127).astype(np.int8)


def _applied(
    network: FileNetwork, operator: FileOperator, given: int, values: Reals
) -> Reals | None:
    """The results of one operator; None where it is no function of one element."""
    if operator.name in _UNARY:
        return _UNARY[operator.name](operator.options, values).astype(np.float32)
    if operator.name not in _BINARY or len(operator.inputs) != 2:
        return None
    sides = [values if index == given else _number(network, index) for index in operator.inputs]
    if any(side is None for side in sides):
        return None
    result = _BINARY[operator.name](*sides).astype(np.float32)
    return _fused(operator.options, result)


def _number(network: FileNetwork, index: int) -> Reals | None:
    """A constant of one element; None for anything else."""
    data = network.tensors[index].data if index >= 0 else None
    if data is None or data.size != 1 or data.dtype != np.float32:
        return None
    return data.reshape(())


def _fused(options: Options, values: Reals) -> Reals | None:
    bounds = {
        ActivationFunctionType.NONE: (-np.inf, np.inf),
        ActivationFunctionType.RELU: (0, np.inf),
        ActivationFunctionType.RELU_N1_TO_1: (-1, 1),
        ActivationFunctionType.RELU6: (0, 6),
    }.get(int(options.get("FusedActivationFunction", ActivationFunctionType.NONE)))
    return None if bounds is None else np.clip(values, *bounds).astype(np.float32)


def _logistic(x: Reals) -> Reals:
    ones = np.float32(1)
    inner = ones / (ones + np.exp(-x))
    return np.where(x > _UPPER, ones, np.where(x < _LOWER, np.exp(x), inner))


def _hard_swish(x: Reals) -> Reals:
    clipped = np.clip(x + np.float32(3), np.float32(0), np.float32(6))
    return (x * clipped / np.float32(6)).astype(np.float32)


_UNARY: Mapping[str, Callable[[Options, Reals], Reals]] = {
    "ABS": lambda options, x: np.abs(x),
    "CEIL": lambda options, x: np.ceil(x),
    "COS": lambda options, x: np.cos(x),
    "ELU": lambda options, x: np.where(x < 0, np.expm1(x), x),
    "EXP": lambda options, x: np.exp(x),
    "FLOOR": lambda options, x: np.floor(x),
    "HARD_SWISH": lambda options, x: _hard_swish(x),
    "LEAKY_RELU": lambda options, x: np.where(x > 0, x, x * np.float32(options["Alpha"])),
    "LOG": lambda options, x: np.log(x),
    "LOGISTIC": lambda options, x: _logistic(x),
    "NEG": lambda options, x: -x,
    "RELU": lambda options, x: np.maximum(x, 0),
    "RELU6": lambda options, x: np.clip(x, 0, 6),
    "ROUND": lambda options, x: np.rint(x),
    "RSQRT": lambda options, x: np.float32(1) / np.sqrt(x),
    "SIN": lambda options, x: np.sin(x),
    "SQRT": lambda options, x: np.sqrt(x),
    "SQUARE": lambda options, x: x * x,
    "TANH": lambda options, x: np.tanh(x),
}
_BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "ADD": np.add,
    "DIV": np.divide,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
    "MUL": np.multiply,
    "SUB": np.subtract,
}
