"""The models of the ECP5's cells, as Yosys uses them, against plain memories and products."""

import random
import re
import subprocess
from pathlib import Path

import pytest

from tilewright.verification.cells.netlist import CELLS, NETLIST, write_cells
from tilewright.verification.cosim.build import HERE, NETLIST_FLAGS
from tilewright.verification.cosim.verilate import COMMON_FLAGS, EXECUTABLE, OPTIMISATION, verilate
from tilewright.verification.tools.toolchain import find_compiler

CYCLES = 3000
ADDRESSES = 40
FILL, FILLED = 0x9E3779B97F, 50


class Request:
    """A cycle's inputs."""

    def __init__(self, rng: random.Random, addresses: list[int]):
        self.data = rng.getrandbits(40)
        self.write_at = rng.choice(addresses)
        self.read_at = self.write_at if rng.random() < 0.3 else rng.choice(addresses)
        self.we = rng.getrandbits(4)
        if (self.write_at - self.read_at) % 1024 == 0 and self.we & 3 == 3:
            self.we &= ~2  # two writes of one word leave it undefined
        self.re = rng.random() < 0.8
        self.clear = rng.random() < 0.1

    def bits(self) -> int:
        fields = ((self.data, 40), (self.write_at, 14), (self.read_at, 14))
        fields += ((self.we, 4), (self.re, 1), (self.clear, 1))
        value = place = 0
        for field, width in fields:
            value |= int(field) << place
            place += width
        return value


class TwoPorts:
    """One port writes, the other reads; a word that is read while written is not defined."""

    def __init__(self, width, address, enables=1, reset=False):
        self.width, self.depth, self.enables, self.reset = width, 1 << address, enables, reset
        self.words = [i * FILL % (1 << width) * (i < FILLED) for i in range(self.depth)]
        self.q = 0

    def outputs(self, _):
        return [(self.q, self.width)]

    def clock(self, r):
        unit = self.width // self.enables
        mask = sum(((1 << unit) - 1) << i * unit for i in range(self.enables) if r.we >> i & 1)
        write, read = r.write_at % self.depth, r.read_at % self.depth
        if r.re:
            # What is not defined is inverted.
            self.q = self.words[read] ^ (mask if read == write else 0)
        if self.reset and r.clear:
            self.q = 0
        self.words[write] = self.words[write] & ~mask | r.data & mask


class OldFirst:
    """One port writes, the other reads the old word."""

    def __init__(self, width, address):
        self.width, self.words, self.q = width, [0] * (1 << address), 0

    def outputs(self, _):
        return [(self.q, self.width)]

    def clock(self, r):
        if r.re:
            self.q = self.words[r.read_at % len(self.words)]
        if r.we & 1:
            self.words[r.write_at % len(self.words)] = r.data % (1 << self.width)


class OnePort:
    """A port that reads or writes (mode 0), reads the old word (1), or the new (2)."""

    def __init__(self, width, address, mode):
        self.width, self.words, self.mode, self.q = width, [0] * (1 << address), mode, 0

    def outputs(self, _):
        return [(self.q, self.width)]

    def clock(self, r):
        if not r.re:
            return
        place = r.write_at % len(self.words)
        old = self.words[place]
        if r.we & 1:
            self.words[place] = r.data % (1 << self.width)
        if self.mode or not r.we & 1:
            self.q = self.words[place] if self.mode == 2 else old


class BothWrite:
    """Two ports that read or write."""

    def __init__(self, width, address):
        self.width, self.words, self.a, self.b = width, [0] * (1 << address), 0, 0

    def outputs(self, _):
        return [(self.a, self.width), (self.b, self.width)]

    def clock(self, r):
        at_a, at_b = r.write_at % len(self.words), r.read_at % len(self.words)
        ones = (1 << self.width) - 1
        clash = ones if at_a == at_b else 0
        if not r.we & 1:
            self.a = self.words[at_a] ^ (clash if r.we & 2 else 0)
        if not r.we & 2:
            self.b = self.words[at_b] ^ (clash if r.we & 1 else 0)
        if r.we & 1:
            self.words[at_a] = r.data & ones
        if r.we & 2:
            self.words[at_b] = ~r.data & ones


class Few:
    """Memory of lookup tables: read at once."""

    def __init__(self):
        self.words = [7 * i % 32 for i in range(32)]

    def outputs(self, r):
        return [(self.words[r.read_at % 32], 5)]

    def clock(self, r):
        if r.we & 1:
            self.words[r.write_at % 32] = r.data % 32


class Products:
    def outputs(self, r):
        def field(low, width, signed):
            value = r.data >> low & (1 << width) - 1
            return value - (1 << width) * (signed and value >> width - 1)

        values = (
            (field(0, 18, True) * field(18, 18, True), 36),
            (field(0, 18, False) * field(18, 18, False), 36),
            (field(0, 8, True) * field(8, 8, True), 16),
            (field(0, 8, True) * field(8, 8, False), 17),
            (field(0, 25, True) * field(25, 15, True), 40),
        )
        return [(value % (1 << width), width) for value, width in values]

    def clock(self, _):
        pass


class Count:
    def __init__(self):
        self.count = 0x5A

    def outputs(self, _):
        return [(self.count, 7)]

    def clock(self, _):
        self.count = (self.count + 1) % 128


def models():
    """In the order of the outputs in ecp5_design.sv."""
    yield from (TwoPorts(*of) for of in ((1, 14), (2, 13), (4, 12), (9, 11), (18, 10), (36, 9)))
    yield from (TwoPorts(*of) for of in ((5, 11), (13, 7), (40, 8), (23, 12, 1, True)))
    yield from (TwoPorts(*of) for of in ((36, 9, 4), (16, 10, 2), (32, 9, 4)))
    yield from (TwoPorts(36, 9, 4, True), TwoPorts(18, 10, 2, True))
    yield from (OldFirst(21, 9), OldFirst(9, 11))
    yield from (OnePort(18, 10, mode) for mode in range(3))
    yield from (OnePort(7, 11, mode) for mode in range(3))
    yield from (BothWrite(18, 10), Few(), Products(), Count())


def simulate(folder, requests: list[Request]) -> list[int]:
    """What the synthesised cells answer, a number a cycle."""
    design = Path(__file__).with_name("ecp5_design.sv").read_text()
    write_cells({"design.sv": design}, "ecp5", "cells", folder)
    sources = {
        "top.sv": Path(__file__).with_name("ecp5_bench.sv").read_text(),
        "main.cpp": (HERE / "bare.cpp").read_text(),
        **{name: (folder / name).read_text() for name in (NETLIST, CELLS)},
    }
    flags = [*COMMON_FLAGS, "--timing", *NETLIST_FLAGS, f"-GCYCLES={CYCLES}"]
    verilate(folder, sources, flags, find_compiler(), OPTIMISATION)
    (folder / "requests.hex").write_text("\n".join(f"{r.bits():x}" for r in requests))
    subprocess.run([folder / EXECUTABLE], cwd=folder, check=True, timeout=60)
    return [int(line, 16) for line in (folder / "outputs.hex").read_text().split()]


@pytest.mark.rtl
def test_synthesised_memories_and_products_do_what_they_were_written_for(tmp_path) -> None:
    rng = random.Random(1)
    addresses = [rng.getrandbits(14) for _ in range(ADDRESSES)]
    addresses += [rng.randrange(FILLED) for _ in range(ADDRESSES)]
    requests = [Request(rng, addresses) for _ in range(CYCLES)]
    answers = simulate(tmp_path, requests)
    assert len(answers) == CYCLES

    netlist = (tmp_path / NETLIST).read_text()
    for port in "AB":
        widths = {int(text) for text in re.findall(rf"\.DATA_WIDTH_{port}\(32'd(\d+)\)", netlist)}
        assert widths == {1, 2, 4, 9, 18, 36}
    modes = set(re.findall(r'\.WRITEMODE_[AB]\("(\w+)"\)', netlist))
    assert modes == {"NORMAL", "WRITETHROUGH", "READBEFOREWRITE"}
    assert {"MULT18X18D", "TRELLIS_DPR16X4", "CCU2C", "LUT4"} <= set(re.findall(r"\w+", netlist))

    under_test = list(models())
    for cycle, (r, answer) in enumerate(zip(requests, answers, strict=True)):
        place = 0
        for model in reversed(under_test):
            for value, width in reversed(model.outputs(r)):
                got = answer >> place & (1 << width) - 1
                assert got == value, (cycle, type(model).__name__, vars(model).get("width"))
                place += width
        for model in under_test:
            model.clock(r)
