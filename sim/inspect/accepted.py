"""A network that can be imported: its operators, and what becomes of them on a configuration."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.compile import Mapper
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.placement.layer import Layer
from tilewright.mapper.placement.placement import Placement
from tilewright.sim.inspect.inspected import Inspected, InspectedOp
from tilewright.sim.inspect.weights import weight_figures
from tilewright.sim.networks.network_file import NetworkFile
from tilewright.sim.report.shapes import dims


def accepted(network: NetworkFile, config: Config) -> Inspected:
    """Look at a network's graph, place it, and see whether it fits the configuration."""
    graph = network.graph
    obstacles: list[str] = []
    placed: Placement | None = None
    peak_sram = None
    try:
        mapper = Mapper(graph)
        placed = mapper.placement(config)
        peak_sram = mapper.program(config).peak_sram_bytes
    except RequestError as error:
        obstacles.append(str(error))
    layers = _by_operator(placed)
    peak, at = _peak(placed) if placed else (None, None)
    return Inspected(
        name=network.name,
        path=network.path,
        sha256=network.sha256,
        inputs=tuple(_port(graph, name) for name in graph.inputs),
        outputs=tuple(_port(graph, name) for name in graph.outputs),
        ops=tuple(_op(graph, op, layers, placed=placed is not None) for op in graph.ops),
        obstacles=tuple(obstacles),
        remarks=(*network.notes, *graph.remarks),
        weights=weight_figures(graph.tensors.values()),
        macs=graph.macs(),
        peak_bytes=peak,
        peak_at=at,
        peak_sram_bytes=peak_sram,
    )


def _by_operator(placed: Placement | None) -> Mapping[str, Layer]:
    """The layer that computes each operator of the file."""
    layers = placed.layers if placed else ()
    return {name: layer for layer in layers for name in layer.covers}


def _op(graph: Graph, op: Op, layers: Mapping[str, Layer], *, placed: bool) -> InspectedOp:
    result = graph.result(op) if op.outputs else None
    layer = layers.get(op.name)
    if not placed:
        status, reason = "understood", ""
    elif layer is None:
        status, reason = "free", "moves no byte"
    elif layer.op.name == op.name:
        status, reason = layer.engine, layer.reason
    else:
        status, reason = layer.engine, f"computed with '{layer.op.name}'"
    return InspectedOp(
        name=op.name,
        kind=op.kind,
        inputs=tuple(dict.fromkeys(p.name for p in map(graph.producer, op.inputs) if p)),
        shape=result.shape if result else None,
        status=status,
        reason=reason,
        macs=graph.op_macs(op),
        weights=weight_figures(graph.operands(op)),
        quantisation=_quantisation(graph.operands(op), result),
    )


def _quantisation(operands: tuple[Tensor, ...], result: Tensor | None) -> str:
    """Of the result, and of the weights how fine it is."""
    text = _of_tensor(result) if result else ""
    quants = [tensor.quant for tensor in operands if tensor.data is not None]
    channels = [len(q.scale) for q in quants if q and q.axis is not None and len(q.scale) > 1]
    return f"{text}, weights by {channels[0]} channels" if channels else text


def _of_tensor(tensor: Tensor) -> str:
    if tensor.quant is None or len(tensor.quant.scale) != 1:
        return tensor.dtype
    zero = tensor.zero_point
    shift = f" {'+' if zero < 0 else '-'} {abs(zero)}" if zero else ""
    return f"{tensor.dtype}{shift}, scale {tensor.scale:.4g}"


def _port(graph: Graph, name: str) -> str:
    port = graph.ports[name]
    return f"{port.name}: {port.dtype} {dims(port.shape)}"


def _peak(placed: Placement) -> tuple[int, str | None]:
    """The most bytes of buffers that are alive at once, and the layer at which they are."""
    most, at = 0, None
    for number, layer in enumerate(placed.layers):
        alive = (b for b in placed.lives.buffers.values() if b.first <= number <= b.last)
        found = sum(block.bytes for block in alive)
        if found > most:
            most, at = found, layer.op.name
    return most, at
