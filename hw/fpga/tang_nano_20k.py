"""Sipeed's Tang Nano 20K: pins as its schematic has them; amaranth-boards lacks the board."""

from __future__ import annotations

from amaranth.build import Attrs, Clock, Pins, PinsN, Resource, Subsignal
from amaranth.vendor import GowinPlatform


class TangNano20kPlatform(GowinPlatform):
    """What of the board the chip uses: clock, serial port (of the BL616 behind USB), lights."""

    part = "GW2AR-LV18QN88C8/I7"
    family = "GW2AR-18C"
    default_clk = "clk27"
    resources = [
        Resource("clk27", 0, Pins("4", dir="i"), Clock(27e6), Attrs(IO_TYPE="LVCMOS33")),
        Resource(
            "uart",
            0,
            Subsignal("rx", Pins("70", dir="i")),
            Subsignal("tx", Pins("69", dir="o")),
            Attrs(IO_TYPE="LVCMOS33"),
        ),
        *(
            Resource("led", number, PinsN(pin, dir="o"), Attrs(IO_TYPE="LVCMOS33"))
            for number, pin in enumerate(("15", "16", "17", "18", "19", "20"))
        ),
    ]
    connectors = []

    def __init__(self) -> None:
        super().__init__(toolchain="Apicula")
