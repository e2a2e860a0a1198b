"""VexRiscv from the package pythondata-cpu-vexriscv, as an instance with our bus signatures."""

from pathlib import Path

import pythondata_cpu_vexriscv
from amaranth.hdl import ClockSignal, Const, Instance, Module, ResetSignal
from amaranth.lib.wiring import Component, In, Out

from tilewright.hw.soc.classic import ClassicWishbone
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.soc_config import CPU_BUILDS

# The published builds ignore their error inputs: the bridge to Wishbone in the CPU's source ties
# its answer's error to 0. The caches behind it handle errors, so each tie becomes the input, with
# the register that the answer's data has.
_TIES = {
    "assign iBus_rsp_payload_error = 1'b0;": (
        "reg iBusWishbone_ERR_regNext;\n"
        "  always @(posedge clk) iBusWishbone_ERR_regNext <= iBusWishbone_ERR;\n"
        "  assign iBus_rsp_payload_error = iBusWishbone_ERR_regNext;"
    ),
    "assign dBus_rsp_payload_error = 1'b0;": (
        "reg dBusWishbone_ERR_regNext;\n"
        "  always @(posedge clk) dBusWishbone_ERR_regNext <= dBusWishbone_ERR;\n"
        "  assign dBus_rsp_payload_error = dBusWishbone_ERR_regNext;"
    ),
    "assign dBus_rsp_error = 1'b0;": "assign dBus_rsp_error = dBusWishbone_ERR;",
}

# Without an instruction cache the answer's data has no register, and its error has none.
_UNCACHED = "assign iBus_rsp_valid = (iBusWishbone_CYC && iBusWishbone_ACK);"
_UNCACHED_TIES = {
    **_TIES,
    "assign iBus_rsp_payload_error = 1'b0;": "assign iBus_rsp_payload_error = iBusWishbone_ERR;",
}


def cpu_verilog(variant: str) -> str:
    """Verilog of a CPU of `CPU_BUILDS`, with its bus error inputs connected."""
    name = CPU_BUILDS[variant]
    folder = Path(pythondata_cpu_vexriscv.data_location)
    text = (folder / f"{name}.v").read_text()
    mended = 0
    ties = _UNCACHED_TIES if _UNCACHED in text else _TIES
    for tie, connection in ties.items():
        mended += text.count(tie)
        text = text.replace(tie, connection)
    if mended != 2:
        raise ValueError(f"{name}.v: {mended} error ties instead of 2; has the package changed?")
    return text


class Cpu(Component):
    """A RISC-V core (RV32IM, or RV32I; machine mode) that starts at MEMORY_BASE.

    Addresses with bit 31 set pass its data cache by. A store is over when it is accepted: its
    error comes later, if at all, and never reaches the core.

    Attributes
    ----------
    instructions, data: buses of the fetch unit and the load/store unit.
    timer_interrupt, software_interrupt: mip.MTIP and mip.MSIP.
    interrupts: the external interrupt array (CSR 0xBC0 masks, 0xFC0 shows what is pending).
    """

    instructions: Out(ClassicWishbone)
    data: Out(ClassicWishbone)
    timer_interrupt: In(1)
    software_interrupt: In(1)
    interrupts: In(32)

    def elaborate(self, _platform) -> Module:
        m = Module()
        m.submodules.core = Instance(
            "VexRiscv",
            i_clk=ClockSignal(),
            i_reset=ResetSignal(),
            i_externalResetVector=Const(MEMORY_BASE, 32),
            i_timerInterrupt=self.timer_interrupt,
            i_softwareInterrupt=self.software_interrupt,
            i_externalInterruptArray=self.interrupts,
            **_bus_ports("iBusWishbone", self.instructions),
            **_bus_ports("dBusWishbone", self.data),
        )
        return m


def _bus_ports(prefix: str, bus) -> dict[str, object]:
    return {
        f"o_{prefix}_CYC": bus.cyc,
        f"o_{prefix}_STB": bus.stb,
        f"o_{prefix}_WE": bus.we,
        f"o_{prefix}_ADR": bus.adr,
        f"o_{prefix}_SEL": bus.sel,
        f"o_{prefix}_DAT_MOSI": bus.dat_w,
        f"o_{prefix}_CTI": bus.cti,
        f"o_{prefix}_BTE": bus.bte,
        f"i_{prefix}_ACK": bus.ack,
        f"i_{prefix}_ERR": bus.err,
        f"i_{prefix}_DAT_MISO": bus.dat_r,
    }
