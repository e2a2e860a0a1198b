"""The graph of a network as an SVG picture, light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

import networkx as nx

from tilewright.sim.files import write_atomically
from tilewright.sim.inspect.inspected import Inspected, InspectedOp, Status
from tilewright.sim.inspect.layout import Layout, layered
from tilewright.sim.report.shapes import dims
from tilewright.sim.report.units import shortened
from tilewright.sim.version import origin_line

LETTER = 6.6
"""Width of a letter at the size that the picture is written in."""
NODE_HEIGHT, RANK_HEIGHT = 38.0, 62.0
MARGIN, HEAD = 16.0, 44.0
NAME_WIDTH = 30

LEGEND: Mapping[Status, str] = {
    "npu": "on the NPU",
    "cpu": "on the CPU",
    "free": "no work",
    "understood": "understood",
    "obstacle": "obstacle",
    "unknown": "not supported",
    "unchecked": "not looked at",
}

_STYLE = """
text { font: 11px system-ui, sans-serif; fill: #1c2128; } .soft { fill: #6b737d; }
.page { fill: #fff; } .edge { fill: none; stroke: #8b949e; stroke-width: 1.2; }
rect { stroke-width: 1.2; } .npu { fill: #d9f2df; stroke: #3ca951; } .cpu { fill: #e8ebef;
stroke: #7b838c; } .free, .unchecked { fill: none; stroke: #8b949e; stroke-dasharray: 4 3; }
.understood { fill: #dbe6fb; stroke: #4269d0; } .obstacle, .unknown { fill: #ffe1dc;
stroke: #cf222e; }
@media (prefers-color-scheme: dark) { text { fill: #e4e7eb; } .soft { fill: #9aa3ad; }
.page { fill: #16191d; } .npu { fill: #173a20; } .cpu { fill: #2a2f36; }
.understood { fill: #1a2a4d; } .obstacle, .unknown { fill: #4a1e1c; stroke: #ff7b72; } }
"""


def write_svg(path: Path, network: Inspected) -> None:
    """Write the picture; the file appears whole or not at all."""
    write_atomically(path, svg(network))


def svg(network: Inspected) -> str:
    """The text of the picture."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    ops = {op.name: op for op in network.ops}
    graph.add_nodes_from(ops)
    graph.add_edges_from((a, op.name) for op in network.ops for a in op.inputs)
    widths = {name: _width(op) for name, op in ops.items()}
    layout = layered(graph, widths)
    found = {op.status for op in network.ops}
    used: list[Status] = [status for status in LEGEND if status in found]
    legend, legend_width = _legend(used)
    ranks = max(layout.rank.values(), default=0) + 1
    width = max(layout.right - layout.left, legend_width, LETTER * len(network.name)) + 2 * MARGIN
    height = HEAD + ranks * RANK_HEIGHT + MARGIN
    shift = MARGIN - layout.left + (width - 2 * MARGIN - layout.right + layout.left) / 2
    edges = "".join(_edge(a, b, layout, shift) for a, b in graph.edges)
    nodes = "".join(_node(op, layout, widths[name], shift) for name, op in ops.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(network.name)}">'
        f"<metadata>{escape(origin_line())}</metadata>"
        f'<style>{_STYLE}</style><rect class="page" width="100%" height="100%"/>'
        f'<text x="{MARGIN}" y="18" font-weight="bold">{escape(network.name)}</text>'
        f"{legend}{edges}{nodes}</svg>\n"
    )


def _lines(op: InspectedOp) -> tuple[str, str]:
    """The two lines of a node."""
    shape = f"  {dims(op.shape)}" if op.shape is not None else ""
    return f"{op.kind}{shape}", shortened(op.name, NAME_WIDTH)


def _width(op: InspectedOp) -> float:
    return max(60.0, LETTER * max(map(len, _lines(op))) + 16)


def _top(rank: int) -> float:
    return HEAD + rank * RANK_HEIGHT


def _node(op: InspectedOp, layout: Layout, width: float, shift: float) -> str:
    middle, top = layout.x[op.name] + shift, _top(layout.rank[op.name])
    first, second = map(escape, _lines(op))
    told = escape("\n".join(filter(None, (op.name, LEGEND[op.status], op.reason))))
    return (
        f'<g><title>{told}</title><rect class="{op.status}" x="{middle - width / 2:.1f}" '
        f'y="{top:.1f}" width="{width:.1f}" height="{NODE_HEIGHT}" rx="5"/>'
        f'<text x="{middle:.1f}" y="{top + 15:.1f}" text-anchor="middle">{first}</text>'
        f'<text class="soft" x="{middle:.1f}" y="{top + 30:.1f}" text-anchor="middle">{second}'
        "</text></g>"
    )


def _edge(a: str, b: str, layout: Layout, shift: float) -> str:
    """A line through the places that the ranks between keep free, curved from rank to rank."""
    rank = layout.rank[a]
    points = [(layout.x[a], _top(rank) + NODE_HEIGHT)]
    for i, x in enumerate(layout.bends[a, b], rank + 1):
        points += [(x, _top(i)), (x, _top(i) + NODE_HEIGHT)]
    points.append((layout.x[b], _top(layout.rank[b])))
    path = f"M{points[0][0] + shift:.1f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in pairwise(points):
        half = (y0 + y1) / 2
        path += (
            f"C{x0 + shift:.1f} {half:.1f} {x1 + shift:.1f} {half:.1f} {x1 + shift:.1f} {y1:.1f}"
        )
    return f'<path class="edge" d="{path}"/>'


def _legend(statuses: Sequence[Status]) -> tuple[str, float]:
    parts: list[str] = []
    x = MARGIN
    for status in statuses:
        parts.append(
            f'<rect class="{status}" x="{x:.1f}" y="26" width="12" height="10" rx="2"/>'
            f'<text class="soft" x="{x + 17:.1f}" y="35">{LEGEND[status]}</text>'
        )
        x += 17 + LETTER * len(LEGEND[status]) + 14
    return "".join(parts), x - MARGIN
