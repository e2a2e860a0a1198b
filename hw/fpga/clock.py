"""The chip's clock from a board's oscillator: a PLL's dividers, and the PLL with its reset."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    Const,
    Elaboratable,
    Instance,
    Module,
    ResetSignal,
    Signal,
)
from amaranth.lib import io
from amaranth.lib.cdc import FFSynchronizer

from tilewright.hw.fpga.boards import Board
from tilewright.hw.spec.errors import RequestError

TOLERANCE = 0.01
"""How far a PLL may be from the clock that was asked for."""

POWER_ON_CYCLES = 1023
"""Of the oscillator, before the chip starts: block RAM of the iCE40 reads zeros for its first
3 us, and PLLs need some time.
"""


@dataclass(frozen=True)
class Pll:
    """Dividers of a PLL: its own oscillator runs at ``input / reference * feedback``, its output
    at that over ``post``.
    """

    reference: int
    feedback: int
    post: int
    output_hz: float


ECP5_LOOP = 8
"""Part of an EHXPLLL's feedback that its first output divides by."""

ECP5_FASTEST_HZ = 400e6
ICE40_FASTEST_HZ = 275e6
"""Outputs that the data sheets allow."""


def ecp5_pll(input_hz: float, wanted_hz: float) -> Pll:
    """Dividers of an EHXPLLL. Raises RequestError when no setting comes near."""
    found = [
        Pll(reference, feedback, post, inner / post)
        for reference in range(1, 1 + int(input_hz // 3.125e6))
        for feedback in range(ECP5_LOOP, ECP5_LOOP * 81, ECP5_LOOP)
        for inner in (input_hz / reference * feedback,)
        if 400e6 <= inner <= 800e6
        for post in (min(128, max(1, round(inner / wanted_hz))),)
        if inner / post <= ECP5_FASTEST_HZ
    ]
    return _nearest(found, wanted_hz)


def ice40_pll(input_hz: float, wanted_hz: float) -> Pll:
    """Dividers of an SB_PLL40 with simple feedback. Raises RequestError when none comes near."""
    found = [
        Pll(reference, feedback, post, input_hz / reference * feedback / post)
        for reference in range(1, 17)
        for feedback in range(1, 129)
        for post in (2, 4, 8, 16, 32, 64)
        if 10e6 <= input_hz / reference <= 133e6
        and 533e6 <= input_hz / reference * feedback <= 1066e6
        and input_hz / reference * feedback / post <= ICE40_FASTEST_HZ
    ]
    return _nearest(found, wanted_hz)


def _nearest(found: list[Pll], wanted_hz: float) -> Pll:
    best = min(found, key=lambda pll: (abs(pll.output_hz - wanted_hz), pll.reference, pll.post))
    if abs(best.output_hz - wanted_hz) > TOLERANCE * wanted_hz:
        raise RequestError(
            f"clock_hz = {wanted_hz:.0f}: the board's PLL cannot make it; the nearest clock is "
            f"{best.output_hz / 1e6:g} MHz"
        )
    return best


def board_clock_hz(board: Board, wanted_hz: float) -> float:
    """The clock that the board can make nearest to the wanted one. Raises RequestError."""
    if wanted_hz == board.oscillator_hz:
        return wanted_hz
    if board.device.family == "gowin":
        raise RequestError(
            f"clock_hz = {wanted_hz:.0f}: {board.title} runs at its oscillator's "
            f"{board.oscillator_hz / 1e6:g} MHz, since its PLL is not used; leave clock_hz out"
        )
    pll = ecp5_pll if board.device.family == "ecp5" else ice40_pll
    return pll(board.oscillator_hz, wanted_hz).output_hz


class BoardClock(Elaboratable):
    """Drives the domain ``sync`` from the board's oscillator, through a PLL if need be.

    The domain is in reset until the PLL has locked and some microseconds have passed, and as long
    again after each request to restart: longer than answers of main memory are on their way.

    Attributes
    ----------
    restart: a signal of the domain; high for one cycle asks for a reset.
    """

    def __init__(self, board: Board, clock_hz: float) -> None:
        self._board = board
        self._clock_hz = clock_hz
        self.restart = Signal()

    def elaborate(self, platform) -> Module:
        m = Module()
        pin = platform.request(platform.default_clk, dir="-")
        clock, locked = Signal(), Signal()
        if self._clock_hz == self._board.oscillator_hz:
            m.submodules.buffer = buffer = io.Buffer("i", pin)
            m.d.comb += [clock.eq(buffer.i), locked.eq(1)]
        elif self._board.device.family == "ecp5":
            m.submodules.buffer = buffer = io.Buffer("i", pin)
            m.submodules.pll = self._ecp5(buffer.i, clock, locked)
        else:
            m.submodules.pll = self._ice40(pin, clock, locked)
        m.domains += ClockDomain("start", reset_less=True, local=True)
        stable, waited, started = Signal(), Signal(range(POWER_ON_CYCLES + 1)), Signal()
        m.submodules.stable = FFSynchronizer(locked, stable, o_domain="start")
        with m.If(~started & stable):
            m.d.start += [waited.eq(waited + 1), started.eq(waited == POWER_ON_CYCLES)]
        with m.Elif(self.restart):
            m.d.start += [waited.eq(0), started.eq(0)]
        reset = Signal(init=1)
        m.d.start += reset.eq(~started)
        m.d.comb += [ClockSignal("sync").eq(clock), ClockSignal("start").eq(clock)]
        m.d.comb += ResetSignal("sync").eq(self._everywhere(m, reset))
        return m

    def _everywhere(self, m: Module, reset: Signal) -> Signal:
        """``reset`` on wires that reach the whole device.

        nextpnr puts the iCE40's resets on global wires itself. Those of the ECP5 it does not, and
        wires to 20,000 registers leave too few for anything else.
        """
        if self._board.device.family != "ecp5":
            return reset
        spread = Signal()
        m.submodules.spread = Instance("DCCA", i_CLKI=reset, i_CE=Const(1), o_CLKO=spread)
        return spread

    def _ecp5(self, source, clock, locked) -> Instance:
        pll = ecp5_pll(self._board.oscillator_hz, self._clock_hz)
        loop = Signal()
        return Instance(
            "EHXPLLL",
            a_FREQUENCY_PIN_CLKI=f"{self._board.oscillator_hz / 1e6:g}",
            a_FREQUENCY_PIN_CLKOS=f"{pll.output_hz / 1e6:g}",
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            p_PLLRST_ENA="DISABLED",
            p_INTFB_WAKE="DISABLED",
            p_STDBY_ENABLE="DISABLED",
            p_DPHASE_SOURCE="DISABLED",
            p_OUTDIVIDER_MUXA="DIVA",
            p_OUTDIVIDER_MUXB="DIVB",
            p_CLKI_DIV=pll.reference,
            p_CLKFB_DIV=pll.feedback // ECP5_LOOP,
            # One output closes the loop, so that the other is not bound to multiples of the input.
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_DIV=ECP5_LOOP,
            p_CLKOP_CPHASE=ECP5_LOOP - 1,
            p_CLKOP_FPHASE=0,
            p_CLKOS_ENABLE="ENABLED",
            p_CLKOS_DIV=pll.post,
            p_CLKOS_CPHASE=pll.post - 1,
            p_CLKOS_FPHASE=0,
            p_FEEDBK_PATH="CLKOP",
            i_RST=Const(0),
            i_STDBY=Const(0),
            i_CLKI=source,
            i_CLKFB=loop,
            i_PHASESEL0=Const(0),
            i_PHASESEL1=Const(0),
            i_PHASEDIR=Const(1),
            i_PHASESTEP=Const(1),
            i_PHASELOADREG=Const(1),
            i_PLLWAKESYNC=Const(0),
            i_ENCLKOP=Const(0),
            o_CLKOP=loop,
            o_CLKOS=clock,
            o_LOCK=locked,
        )

    def _ice40(self, pin, clock, locked) -> Instance:
        pll = ice40_pll(self._board.oscillator_hz, self._clock_hz)
        return Instance(
            "SB_PLL40_PAD",
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=Const(pll.reference - 1, 4),
            p_DIVF=Const(pll.feedback - 1, 7),
            p_DIVQ=Const(pll.post.bit_length() - 1, 3),
            p_FILTER_RANGE=Const(1, 3),  # 10 to 17 MHz at the phase detector
            i_PACKAGEPIN=pin.io,
            i_RESETB=Const(1),
            i_BYPASS=Const(0),
            o_PLLOUTGLOBAL=clock,
            o_LOCK=locked,
        )
