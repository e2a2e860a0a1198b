"""What the cycles of a CONV or DEPTHWISE depend on, from its fields and the array's sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.tile_shape import tile_shape


@dataclass(frozen=True)
class Geometry:
    """A window command's loops.

    ``window``: a depthwise window kept on chip; ``tapwise``: one read tap by tap; neither: CONV.
    ``runs``: steps of the slots of a kernel row (CONV), ``dilation_rows`` input rows from one to
    the next. ``pixels``: of the output (CONV) or of a
    row of it. ``tile_pixels``: of a tile, of a strip. ``width``, ``group``: pixels of a row, and
    those of a shared read (CONV). ``input_rows``: those that exist; the first window begins
    ``pad_top`` rows above them.
    ``double``: input columns between output pixels of a window are 2. ``units``: weight words, or
    pairs, of a tile. ``beats``: the drain's of a pixel; ``final_beats``: of the last block's;
    ``half_empty``: its second half has no channels.
    """

    window: bool
    tapwise: bool
    paired: bool
    maximum: bool
    blocks: int
    tiles: int
    units: int
    slots: int
    kernel_rows: int
    kernel_cols: int
    dilation_rows: int
    runs: tuple[int, ...]
    rows: int
    pixels: int
    tile_pixels: int
    width: int
    group: int
    stride_rows: int
    double: bool
    pad_top: int
    input_rows: int
    beats: int
    final_beats: int
    half_empty: bool

    @property
    def taps(self) -> int:
        """Steps of a tile."""
        return self.kernel_rows * (sum(self.runs) or self.kernel_cols)


def geometry_of(command: Command, config: NpuConfig) -> Geometry:
    """The geometry of a CONV or DEPTHWISE."""
    v = command.values
    depthwise = command.opcode is Opcode.DEPTHWISE
    tapwise = depthwise and bool(v["tapwise"])
    paired = bool(v["paired"])
    tile = tile_shape(config, paired=paired)
    run, port = v.get("run_bytes", 0), config.port_bytes
    last = v["channels"] - (v["blocks"] - 1) * tile.channels
    return Geometry(
        window=depthwise and not tapwise,
        tapwise=tapwise,
        paired=paired,
        maximum=bool(v.get("maximum", 0)),
        blocks=v["blocks"],
        tiles=v["tiles"],
        units=v["block_words"],
        slots=config.depthwise_slots if depthwise else config.convolution_slots,
        kernel_rows=v["kernel_rows"],
        kernel_cols=v["kernel_cols"],
        dilation_rows=v["dilation_rows"],
        runs=() if depthwise else _slots(run, port) * v["kernel_cols"],
        rows=v["output_rows"],
        pixels=v["output_cols"] if depthwise else v["pixels"],
        tile_pixels=v["strip_cols"] if depthwise else tile.pixels,
        width=v["output_cols"],
        group=v.get("group", 1),
        stride_rows=v["stride_rows"],
        double=depthwise and not tapwise and v["stride_cols"] == 2,
        pad_top=v["pad_top"],
        input_rows=v["input_rows"],
        beats=_beats(min(v["channels"], tile.channels), config, paired=paired),
        final_beats=_beats(last, config, paired=paired),
        half_empty=paired and last <= config.rows,
    )


def _slots(run: int, port: int) -> tuple[int, ...]:
    """Steps of the slots of a run."""
    return (port,) * (run // port) + ((run % port,) if run % port else ())


def _beats(channels: int, config: NpuConfig, *, paired: bool) -> int:
    """Cycles in which the drain takes a pixel; one for a second half without channels."""
    lanes = config.requantiser_lanes
    first = min(channels, config.rows)
    beats = -(-first // lanes)
    return beats + max(-(-(channels - first) // lanes), 1) if paired else beats


@lru_cache(maxsize=1 << 12)
def first_pixels(pixels: int, tile: int, width: int, group: int) -> tuple[int, ...]:
    """First pixel of each read of a convolution's slots: none goes beyond a tile or a row."""
    found: list[int] = []
    at = 0
    while at < pixels:
        found.append(at)
        at = min(at + group, (at // tile + 1) * tile, (at // width + 1) * width)
    return tuple(found)


def strips(geometry: Geometry) -> Iterator[int]:
    """Output pixels of each strip of a DEPTHWISE."""
    for start in range(0, geometry.pixels, geometry.tile_pixels):
        yield min(geometry.tile_pixels, geometry.pixels - start)
