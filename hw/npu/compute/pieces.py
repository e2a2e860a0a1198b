"""Lengths cut into pieces: how large each piece is, and which one is the last."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out


class Pieces(Component):
    """A length in pieces of ``piece``, the last one shorter; after the last the first again.

    All that is put out comes from registers, as others count with it in the same cycle.

    Ports
    -----
    length, piece: 1 or more each, stable from ``restart`` on.
    restart: begin with the first piece. take: go on to the next one.
    size, last: of the piece at hand; upcoming: size of the one that follows.
    """

    def __init__(self, length_bits: int, most: int) -> None:
        """Lengths of so many bits, pieces of at most ``most``."""
        size = range(most + 1)
        super().__init__(
            {
                "length": In(length_bits),
                "piece": In(size),
                "restart": In(1),
                "take": In(1),
                "size": Out(size),
                "last": Out(1),
                "upcoming": Out(size),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        following = Signal.like(self.length)  # all that comes after the piece at hand
        first, left = Signal.like(self.size), Signal.like(self.length)
        piece = self.piece
        m.d.comb += first.eq(Mux(self.length <= piece, self.length, piece))
        m.d.comb += left.eq(Mux(self.restart, self.length, following))
        rest = Signal.like(self.length)
        m.d.comb += rest.eq(left - piece)
        with m.If(self.restart | self.take):
            m.d.sync += self.size.eq(Mux(self.restart, first, self.upcoming))
            with m.If(left <= piece):
                m.d.sync += [
                    self.last.eq(1),
                    following.eq(self.length),
                    self.upcoming.eq(first),
                ]
            with m.Else():
                m.d.sync += [
                    self.last.eq(0),
                    following.eq(rest),
                    self.upcoming.eq(Mux(left >= piece << 1, piece, rest)),
                ]
        return m
