"""What stands in for liblz4 and zlib writes streams that others can read."""

import random
import subprocess
import zlib
from pathlib import Path

import pytest

from tilewright.verification import cosim
from tilewright.verification.tools.toolchain import find_compiler

PROGRAM = """
#include "lz4.h"
#include "zlib.h"
#include <iostream>
#include <iterator>
#include <string>
int main(int, char **arguments) {
    std::string in{std::istreambuf_iterator<char>(std::cin), {}};
    if (arguments[1][0] == 'l') {
        std::string out(LZ4_compressBound(in.size()), 0);
        int size = LZ4_compress_default(in.data(), out.data(), in.size(), out.size());
        std::cout.write(out.data(), size);
        return size <= 0;
    }
    uLongf size = compressBound(in.size());
    std::string out(size, 0);
    int status = compress2((Bytef *)out.data(), &size, (const Bytef *)in.data(), in.size(), 4);
    std::cout.write(out.data(), size);
    return status != Z_OK;
}
"""


@pytest.fixture(scope="module")
def compress(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compression")
    (folder / "main.cpp").write_text(PROGRAM)
    headers = Path(cosim.__file__).parent / "compression"
    command = [*find_compiler().command, "-std=c++20", "-O1", "-Wall", "-Werror", f"-I{headers}"]
    subprocess.run([*command, "main.cpp", "-o", "main"], cwd=folder, check=True)

    def run(kind, data):
        done = subprocess.run([folder / "main", kind], input=data, capture_output=True, check=True)
        return done.stdout

    return run


def lz4_decoded(block):
    """The format's description, literally: token, literals, offset, match."""
    out, at = bytearray(), 0

    def length(nibble):
        nonlocal at
        total = nibble
        while nibble == 15 or (total > 15 and block[at - 1] == 255):
            total, nibble, at = total + block[at], 0, at + 1
        return total

    while True:
        token, at = block[at], at + 1
        literals = length(token >> 4)
        out += block[at : at + literals]
        at += literals
        if at == len(block):
            return bytes(out)
        offset, at = int.from_bytes(block[at : at + 2], "little"), at + 2
        assert 0 < offset <= len(out)
        for _ in range(length(token & 15) + 4):
            out.append(out[-offset])


def samples():
    rng = random.Random(1)
    noise = rng.randbytes(70_000)
    words = b"".join(
        rng.choice([b"valid", b"ready", b"\0\0\0\0", b"data 1"]) for _ in range(30_000)
    )
    far = noise[:300] + bytes(66_000) + noise[:300]
    return [b"", b"a", b"twelve bytes", noise[:13], noise, bytes(100_000), words, far, b"ab" * 9]


@pytest.mark.parametrize("data", samples(), ids=len)
def test_lz4_blocks_decode(compress, data):
    assert lz4_decoded(compress("lz4", data)) == data


@pytest.mark.parametrize("data", samples(), ids=len)
def test_zlib_streams_decode(compress, data):
    assert zlib.decompress(compress("zlib", data)) == data


def test_repetition_is_found(compress):
    assert len(compress("lz4", bytes(100_000))) < 500
    assert len(compress("lz4", samples()[6])) < 70_000
