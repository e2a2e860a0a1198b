"""The boards that bitstreams are made for, and what their devices have."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import PRESETS


@dataclass(frozen=True, kw_only=True)
class Device:
    """An FPGA.

    Attributes
    ----------
    name: as its maker calls it.
    family: ``"ecp5"``, ``"ice40"`` or ``"gowin"``.
    resources: kind -> how many there are; the kinds are those of `RESOURCE_CELLS`.
    """

    name: str
    family: str
    resources: Mapping[str, int]


LUT, FLIP_FLOP, DSP, BLOCK_RAM, SPRAM = "LUT", "flip-flop", "DSP", "block RAM", "SPRAM"

RESOURCE_CELLS: Mapping[str, Mapping[str, str]] = {
    "ecp5": {
        LUT: "TRELLIS_COMB",
        FLIP_FLOP: "TRELLIS_FF",
        DSP: "MULT18X18D",
        BLOCK_RAM: "DP16KD",
    },
    "ice40": {
        LUT: "ICESTORM_LC",
        FLIP_FLOP: "SB_DFF",
        DSP: "ICESTORM_DSP",
        BLOCK_RAM: "ICESTORM_RAM",
        SPRAM: "ICESTORM_SPRAM",
    },
    "gowin": {LUT: "LUT4", FLIP_FLOP: "DFF", BLOCK_RAM: "BSRAM"},
}
"""Of each family, what is counted and nextpnr's names for it. A logic cell of the iCE40 holds a
LUT and a flip-flop, so its flip-flops are counted in the netlist and have no limit of their own.
Multipliers of Gowin's are counted there as well: one of 18 bits is two of 9 bits, and a DSP is one
of 9 bits.
"""

BLOCK_RAM_BYTES: Mapping[str, int] = {"ecp5": 2048, "ice40": 512, "gowin": 2048}
"""Bytes of data in one block RAM."""

UP5K_SPRAM_BYTES = 32 * 1024
"""Of one SB_SPRAM256KA."""


def _ecp5(name: str, lut: int, dsp: int, ram: int) -> Device:
    resources = {LUT: lut, FLIP_FLOP: lut, DSP: dsp, BLOCK_RAM: ram}
    return Device(name=name, family="ecp5", resources=resources)


_LFE5U_45F = _ecp5("LFE5U-45F", 43_848, 72, 108)
_LFE5U_85F = _ecp5("LFE5U-85F", 83_640, 156, 208)
_UP5K = Device(
    name="iCE40UP5K",
    family="ice40",
    resources={LUT: 5_280, FLIP_FLOP: 5_280, DSP: 8, BLOCK_RAM: 30, SPRAM: 4},
)
_GW2AR_18 = Device(
    name="GW2AR-18",
    family="gowin",
    resources={LUT: 20_736, FLIP_FLOP: 15_552, DSP: 96, BLOCK_RAM: 46},
)


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board and how the chip is put on it.

    Attributes
    ----------
    name: as ``--board`` takes it.
    title: as people call it.
    platform: module and class, of the package amaranth-boards or ours.
    device: its FPGA.
    oscillator_hz: the board's clock.
    clock_hz: the chip's clock unless the user chooses one.
    baud: bits a second on the serial port.
    values: fields of the configuration that the board sets; the user's come after them.
    boot_bytes: of main memory, from its start, that are block RAM and hold the firmware after
        configuration, where the rest is SPRAM that cannot be initialised; 0: it is all block RAM.
    seed: of placement unless the user chooses one: that of the figures in docs/fpga.md.
    routed: the largest configuration that docs/fpga.md has figures of.
    loaders: programs that load a bitstream, the usual one first -> options before the file.
    """

    name: str
    title: str
    platform: tuple[str, str]
    device: Device
    oscillator_hz: int
    clock_hz: int
    baud: int = 1_000_000
    values: Mapping[str, int | str] = field(default_factory=dict[str, int | str])
    boot_bytes: int = 0
    seed: int = 1
    routed: str = ""
    loaders: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


def _ulx3s(
    size: str,
    device: Device,
    values: Mapping[str, int | str],
    clock_hz: int = 25_000_000,
    routed: str = "",
) -> Board:
    return Board(
        name=f"ulx3s-{size.lower()}",
        title=f"ULX3S {size}",
        platform=("amaranth_boards.ulx3s", f"ULX3S_{size}_Platform"),
        device=device,
        oscillator_hz=25_000_000,
        clock_hz=clock_hz,
        # The data caches of the larger CPUs are slower than all of the accelerator.
        values={"cpu": "lite", **values},
        routed=routed,
        loaders={"openFPGALoader": ("-b", "ulx3s"), "fujprog": ()},
    )


BOARDS: Mapping[str, Board] = {
    board.name: board
    for board in (
        _ulx3s("85F", _LFE5U_85F, {"memory_bytes": 256 * 1024}, 40_000_000, "8x8, CPU lite"),
        _ulx3s(
            "45F",
            _LFE5U_45F,
            # The default array has too many multipliers, and its scratchpad too much block RAM.
            {"memory_bytes": 128 * 1024, "rows": 4, "cols": 8, "scratchpad_bytes": 32 * 1024},
            routed="4x16 microcode, CPU lite",
        ),
        Board(
            name="icebreaker",
            title="iCEBreaker",
            platform=("amaranth_boards.icebreaker", "ICEBreakerPlatform"),
            device=_UP5K,
            oscillator_hz=12_000_000,
            clock_hz=12_000_000,
            values=PRESETS["icebreaker"],
            # Without an instruction cache, firmware takes bytes slowly.
            baud=115_200,
            boot_bytes=2048,
            routed="4x16, CPU min",
            loaders={"iceprog": (), "openFPGALoader": ("-b", "ice40_generic")},
        ),
        Board(
            name="tang-nano-20k",
            title="Tang Nano 20K",
            platform=("tilewright.hw.fpga.tang_nano_20k", "TangNano20kPlatform"),
            device=_GW2AR_18,
            oscillator_hz=27_000_000,
            clock_hz=27_000_000,
            # Main memory is block RAM alone, of which the device has 92 KiB.
            values={
                **PRESETS["icebreaker"],
                "memory_bytes": 80 * 1024,
                "scratchpad_bytes": 16 * 1024,
                "clock_hz": 27_000_000,
            },
            baud=115_200,
            routed="4x16, CPU min",
            loaders={"openFPGALoader": ("-b", "tangnano20k")},
        ),
    )
}
"""By name."""


LARGEST: Mapping[str, str] = {"ecp5": "ulx3s-85f", "ice40": "icebreaker", "gowin": "tang-nano-20k"}
"""Of each family, the board with the largest device; a family's name stands for it."""


def find_board(name: str) -> Board:
    """The board of that name, or the largest of that family.

    Raises RequestError with the nearest names.
    """
    name = LARGEST.get(name, name)
    if name not in BOARDS:
        near = difflib.get_close_matches(name.lower(), BOARDS, n=3, cutoff=0.4) or list(BOARDS)
        raise RequestError(f"board {name}: does not exist; did you mean {' or '.join(near)}?")
    return BOARDS[name]
