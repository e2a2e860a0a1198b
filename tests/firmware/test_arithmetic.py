"""Products and quotients for a CPU without instructions for them, against Python's integers."""

import ctypes
import random
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "firmware" / "arithmetic.c"

EDGES = (0, 1, 2, 3, 7, 127, 128, 255, 1 << 16, (1 << 31) - 1)
NAMES = ("__mulsi3", "__muldi3", "__udivsi3", "__umodsi3", "__divsi3", "__modsi3")


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> ctypes.CDLL:
    """The routines under names of their own, so that the host's stay what they are."""
    path = tmp_path_factory.mktemp("arithmetic") / "arithmetic.so"
    renamed = [f"-D{name}=tw{name}" for name in NAMES]
    command = [sys.executable, "-m", "ziglang", "cc", "-shared", "-fPIC", "-O2", *renamed]
    subprocess.run([*command, str(SOURCE), "-o", str(path)], check=True)
    return ctypes.CDLL(str(path))


def values(bits: int) -> list[int]:
    rng = random.Random(bits)
    some = [rng.getrandbits(rng.randint(1, bits - 1)) for _ in range(60)]
    return [sign * value for value in (*EDGES, *some) for sign in (1, -1)]


@pytest.mark.parametrize(("name", "bits"), [("__mulsi3", 32), ("__muldi3", 64)])
def test_products(library, name, bits):
    function = library[f"tw{name}"]
    kind = ctypes.c_uint32 if bits == 32 else ctypes.c_uint64
    function.restype, function.argtypes = kind, (kind, kind)
    for a in values(bits):
        for b in values(bits)[::3]:
            assert function(a, b) == a * b % (1 << bits), (a, b)


@pytest.mark.parametrize(("name", "signed"), [("", True), ("u", False)])
def test_quotients_and_remainders(library, name, signed):
    kind = ctypes.c_int32 if signed else ctypes.c_uint32
    divide, rest = library[f"tw__{name}divsi3"], library[f"tw__{name}modsi3"]
    for function in (divide, rest):
        function.restype, function.argtypes = kind, (kind, kind)
    for a in values(32):
        for b in values(32)[::3]:
            a, b = (value if signed else value % (1 << 32) for value in (a, b))
            if b:
                quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
                assert (divide(a, b), rest(a, b)) == (quotient, a - quotient * b), (a, b)
