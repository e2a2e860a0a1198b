"""ONNX networks into graphs: QDQ and QOperator form, NCHW or NHWC, int8 or uint8 activations.

QOperator nodes are first rewritten to QDQ. Then the nodes are visited once, in the file's order,
and each gives its result a `Value`; QuantizeLinear settles what waits for a scale. Operators whose
results nothing uses are dropped at the end.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.importers.onnx import affine as onnx_affine
from tilewright.mapper.importers.onnx import convolution as onnx_convolution
from tilewright.mapper.importers.onnx import elementwise as onnx_elementwise
from tilewright.mapper.importers.onnx import functions as onnx_functions
from tilewright.mapper.importers.onnx import layers as onnx_layers
from tilewright.mapper.importers.onnx import matrix as onnx_matrix
from tilewright.mapper.importers.onnx import moves as onnx_moves
from tilewright.mapper.importers.onnx import norms as onnx_norms
from tilewright.mapper.importers.onnx import pads as onnx_pads
from tilewright.mapper.importers.onnx import pools as onnx_pools
from tilewright.mapper.importers.onnx import recurrent as onnx_recurrent
from tilewright.mapper.importers.onnx import reductions as onnx_reductions
from tilewright.mapper.importers.onnx import resize as onnx_resize
from tilewright.mapper.importers.onnx import select as onnx_select
from tilewright.mapper.importers.onnx import selection as onnx_selection
from tilewright.mapper.importers.onnx import views as onnx_views
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.early import quantise_early
from tilewright.mapper.importers.onnx.ends import ends_after_cut, tail_of, without_head
from tilewright.mapper.importers.onnx.model import DType, Model, Node, read_model
from tilewright.mapper.importers.onnx.ports import enter, input_port, is_computed, leave
from tilewright.mapper.importers.onnx.qoperator import QOPERATORS, to_qdq
from tilewright.mapper.importers.onnx.values import Activation, Constant, Draft, Pending, Value
from tilewright.mapper.limits import require

_DIALECTS = {
    **dict.fromkeys(
        ("Quant", "IntQuant", "BipolarQuant", "Trunc", "FloatQuant"),
        "this is QONNX, which quantises by operators of its own; export the network in QDQ form "
        "(Brevitas: export_onnx_qcdq; qonnx: convert.to_qcdq)",
    ),
    **dict.fromkeys(
        ("RequantShift", "iRMSnorm", "iSoftmax", "iLayerNorm"),
        "this is the integer dialect of PACT and DORY, which rescales by operators of its own; "
        "export the network in QDQ form",
    ),
    **dict.fromkeys(
        (
            "DynamicQuantizeLinear",
            "DynamicQuantizeLSTM",
            "DynamicQuantizeMatMul",
            "ConvInteger",
            "MatMulInteger",
            "MatMulIntegerToFloat",
        ),
        "it is quantised anew in every inference, which needs floating point: quantise statically "
        "(onnxruntime.quantization.quantize_static); input and int8 weights of LSTM and GRU must "
        "come from DequantizeLinear",
    ),
}
"""Operators of dialects that are integer, but neither QDQ nor QOperator."""

_QUANTISED = ("QuantizeLinear", "DequantizeLinear")


def import_onnx(path: Path, content: bytes) -> Graph:
    """Turn the bytes of an .onnx file into a verified graph.

    Raises RequestError naming the file, and where known the layer, the limit and the remedy.
    """
    file = str(path)
    try:
        return _graph(file, path.stem, read_model(file, content))
    except RequestError as error:
        if str(error).startswith(file):
            raise
        raise RequestError(f"{file}: {error}") from error


def _graph(file: str, name: str, model: Model) -> Graph:
    nodes, constants = to_qdq(model.nodes, model.constants)
    nodes = quantise_early(nodes, constants)
    for node in nodes:
        if node.op in _DIALECTS:
            raise RequestError(f"{node.place}: {_DIALECTS[node.op]}")
    if not any(node.op in _QUANTISED for node in nodes):
        limits.float_network(file, "the network computes in floating point")
    model, nodes, remark = without_head(replace(model, constants=constants), nodes)
    builder = Builder(file, remarks=[remark] if remark else [])
    for constant, data in constants.items():
        builder.values[constant] = Constant(data)
    for interface in model.inputs:
        enter(builder, interface)
    tail = tail_of(nodes)
    left_out = _visit_all(builder, nodes, model.opset, tail)
    ends = ends_after_cut(builder, model.outputs, nodes, tail)
    if not any(is_computed(builder, name) for name in ends):
        left_out.check()
    outputs = [leave(builder, name) for name in ends]
    inputs = [builder.drafts[interface.name] for interface in model.inputs]
    ops = _needed(builder.ops, {draft.name for draft, _ in outputs})
    return Graph.build(
        name,
        [*builder.constants.values(), *(_tensor(draft) for draft in builder.drafts.values())],
        ops,
        [draft.name for draft in inputs],
        [draft.name for draft, _ in outputs],
        [*(input_port(draft) for draft in inputs), *(port for _, port in outputs)],
        remarks=builder.remarks,
    )


def _visit_all(
    builder: Builder, nodes: tuple[Node, ...], opset: int, tail: set[str]
) -> limits.Obstacles:
    """Give each node's results their values. Raises one RequestError for all obstacles.

    What depends on an obstacle is none. Those of the tail are returned.
    """
    obstacles, left_out = (limits.Obstacles(builder.file) for _ in range(2))
    unknown: set[str] = set()
    for node in nodes:
        known = unknown.isdisjoint(node.inputs)
        unknown.update(node.outputs)
        noted = left_out if tail.issuperset(node.outputs) else obstacles
        if known or not (node.op in _OPERATORS or node.op == "Softmax"):
            with noted.noted():
                value = _visit(builder, node, opset)
                values = value if isinstance(value, tuple) else (value,)
                builder.values.update(zip(node.outputs, values, strict=False))
                unknown.difference_update(node.outputs)
    obstacles.check()
    return left_out


def _visit(builder: Builder, node: Node, opset: int) -> Value | tuple[Value, ...]:
    """The value of a node's first output, or those of all of them."""
    folded = onnx_views.fold(builder, node)
    if folded is not None:
        return folded
    if node.op == "Softmax":
        return onnx_layers.softmax(builder, node, opset)
    rule = _OPERATORS.get(node.op)
    if rule is None:
        limits.unsupported(node.place, _OPERATORS)
    try:
        result = rule(builder, node)
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError) as error:
        # Shapes and attributes that contradict one another surface in NumPy.
        raise RequestError(
            f"{node.place}: operands and attributes do not fit together ({error}): export the "
            "network again"
        ) from error
    if isinstance(result, Pending) and result.natural is not None:
        # QOperator networks pool, pad and clip the integers themselves.
        first = builder.values[node.inputs[0]]
        if isinstance(first, Activation) and first.dtype != "float32":
            return replace(builder.settle(result, result.natural), dtype=first.dtype)
    return result


def _quantisation(builder: Builder, node: Node) -> tuple[Constant, Constant]:
    """Scale and zero point of a QuantizeLinear or DequantizeLinear."""
    scale = builder.constant(node, 1)
    zero_point = builder.constant(node, 2) if node.has(2) else None
    if node.integer("block_size", 0):
        raise RequestError(f"{node.place}: blocked quantisation is not supported; per channel is")
    if scale.data.size == 0 or scale.data.dtype.kind != "f":
        raise RequestError(f"{node.place}: its scale is no real number: export the network again")
    constant = isinstance(builder.value(node, 0), Constant)
    limit = limits.scales_of_constants_are_sensible if constant else limits.scales_are_sensible
    require(node.place, limit, scale.data.reshape(-1).tolist())
    if zero_point is None:
        default = np.uint8 if node.op == "QuantizeLinear" else np.int8
        zero_point = Constant(np.zeros(scale.data.size, default))
    if zero_point.data.dtype.kind not in "iu":
        raise RequestError(f"{node.place}: its zero point is no integer: export the network again")
    if zero_point.data.size != scale.data.size:
        raise RequestError(
            f"{node.place}: {zero_point.data.size} zero points do not fit the scales"
        )
    return scale, zero_point


def _activation_quant(node: Node, scale: Constant, zero_point: Constant) -> tuple[Quant, DType]:
    """int8 quantisation of an activation, and the type of the file's integers."""
    dtype = zero_point.data.dtype.name
    if scale.data.size != 1 or dtype not in ("int8", "uint8"):
        raise RequestError(
            f"{node.place}: activations must be int8 or uint8 with one scale, not {dtype} with "
            f"{scale.data.size}: quantise them per tensor"
        )
    shift = 128 if dtype == "uint8" else 0
    zero = int(zero_point.data.reshape(-1)[0]) - shift
    return Quant((float(np.float32(scale.data.reshape(-1)[0])),), (zero,)), cast("DType", dtype)


def _quantize(builder: Builder, node: Node) -> Value:
    value = builder.value(node, 0)
    scale, zero_point = _quantisation(builder, node)
    if isinstance(value, Constant):
        return _quantized_constant(node, value, scale, zero_point)
    quant, dtype = _activation_quant(node, scale, zero_point)
    if isinstance(value, Pending):
        return replace(builder.settle(value, quant), dtype=dtype)
    draft = value.draft
    require(node.place, limits.operand_is_no_index, draft.dtype)
    if draft.quant is None:
        draft.quant = quant
    if draft.quant == quant:
        return replace(value, dtype=dtype)
    draft.used = True
    rescaled = builder.rescaled(node.place, draft, quant, -128, 127)
    return Activation(rescaled, draft.positions(value.view), dtype)


def _quantized_constant(
    node: Node, value: Constant, scale: Constant, zero_point: Constant
) -> Constant:
    shape = [1] * value.data.ndim
    if scale.data.size > 1:
        shape[node.integer("axis", 1)] = -1
    scales = scale.data.astype(np.float32).reshape(shape)
    require(node.place, limits.scales_are_sensible, scales.reshape(-1).tolist())
    real = value.data.astype(np.float32)
    if not np.isfinite(real).all():
        raise RequestError(f"{node.place}: a constant that it quantises is not a finite number")
    ratio = real / scales
    limits_of = np.iinfo(zero_point.data.dtype)
    shifted = np.rint(ratio) + zero_point.data.reshape(shape)
    return Constant(np.clip(shifted, limits_of.min, limits_of.max).astype(zero_point.data.dtype))


def _dequantize(builder: Builder, node: Node) -> Value:
    value = builder.value(node, 0)
    scale, zero_point = _quantisation(builder, node)
    if isinstance(value, Constant):
        # The type of a zero point that is left out is that of the data.
        zero = zero_point.data.reshape(-1)
        scales = scale.data.reshape(-1).astype(np.float64)
        axis = node.integer("axis", 1)
        if scales.size > 1 and scales.size != value.data.shape[axis]:
            raise RequestError(f"{node.place}: {scales.size} scales do not fit axis {axis}")
        return Constant(value.data, scales, zero, axis)
    if isinstance(value, Pending) or value.dtype == "float32":
        raise RequestError(f"{node.place}: its input is not quantised: export the network again")
    if not node.has(2):
        zero_point = Constant(np.zeros(1, value.dtype))
    quant, _ = _activation_quant(node, scale, zero_point)
    require(node.place, limits.operand_is_no_index, value.draft.dtype)
    if value.draft.quant is None:
        value.draft.quant = quant
    if value.draft.quant != quant:
        raise RequestError(
            f"{node.place}: its scale or zero point is not the one that '{value.draft.name}' was "
            "quantised with: quantise the network again"
        )
    return replace(value, dtype="float32")


def _tensor(draft: Draft) -> Tensor:
    return Tensor(draft.name, draft.shape, draft.dtype, draft.quant)


def _needed(ops: list[Op], outputs: set[str]) -> list[Op]:
    """The operators that the outputs depend on."""
    wanted, kept = set(outputs), list[Op]()
    for op in reversed(ops):
        if wanted.intersection(op.outputs):
            wanted.update(op.inputs)
            kept.append(op)
    return kept[::-1]


_OPERATORS: dict[str, Callable[[Builder, Node], Value | tuple[Value, ...]]] = {
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
    "Conv": onnx_convolution.conv,
    "ConvTranspose": onnx_convolution.conv_transpose,
    "Gemm": onnx_matrix.gemm,
    "MatMul": onnx_matrix.matmul,
    "BatchNormalization": onnx_affine.batch_normalization,
    "Concat": onnx_layers.concat,
    "Relu": onnx_layers.relu,
    "Clip": onnx_layers.clip,
    "MaxPool": onnx_pools.max_pool,
    "AveragePool": onnx_pools.average_pool,
    "GlobalAveragePool": onnx_pools.global_average_pool,
    "GlobalMaxPool": onnx_pools.global_max_pool,
    "Pad": onnx_pads.pad,
    "LogSoftmax": onnx_reductions.log_softmax,
    "Resize": onnx_resize.resize,
    "Upsample": onnx_resize.upsample,
    **onnx_moves.RULES,
    **onnx_norms.RULES,
    **onnx_reductions.RULES,
    **onnx_recurrent.RULES,
    **onnx_selection.RULES,
    "Identity": onnx_views.identity,
    "Dropout": onnx_views.identity,
    "Transpose": onnx_views.transpose,
    "Reshape": onnx_views.reshape,
    "Flatten": onnx_views.flatten,
    "Squeeze": onnx_views.squeeze,
    "Unsqueeze": onnx_views.unsqueeze,
    "Constant": onnx_views.stored,
    "Shape": onnx_views.shape,
    **onnx_elementwise.RULES,
    **onnx_select.RULES,
    **onnx_functions.RULES,
}

ONNX_OPERATORS = frozenset((*_OPERATORS, *QOPERATORS, "Softmax"))
"""Kinds of operators that can be imported."""
